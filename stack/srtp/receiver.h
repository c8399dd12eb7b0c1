#pragma once

// The receiving side of one direction under one master key: streams by SSRC, each with its rollover
// counter and replay window (RFC 3711 sections 3.2.3, 3.3). Nothing of a stream is kept before one
// of its packets was authenticated, and a packet that is not authentic moves nothing.
//
// Where the rollover counter (ROC) comes from. A receiver that was there from the first packet on
// starts at 0 and counts. One that joins later, like a capture that starts in mid-call, cannot read
// the ROC from the packets, but can prove it: only under the right ROC does a packet authenticate.
// So with `roc_candidates` a stream whose ROC is not known, or whose packets stopped to
// authenticate because more than half a turn is missing, is tried under one ROC after the other.
// Such searches are bounded for each stream and in total, because packets under a wrong key look
// the same.

#include <cstdint>
#include <map>

#include "stack/srtp/packet_index.h"
#include "stack/srtp/transform.h"

namespace parley::srtp {

enum class Replays : std::uint8_t {
  Refuse,  // as a receiver must: Refusal::Replayed, Refusal::TooOld
  Tell     // opened all the same: a capture can hold a packet twice
};

struct ReceiverOptions {
  Options transform;
  Replays replays = Replays::Refuse;
  // How many values of the ROC a search tries, from 0 on for a new stream. 1: no search.
  std::uint32_t roc_candidates = 1;
};

struct OpenedRtp {
  std::size_t size = 0;
  std::uint64_t index = 0;  // 2^16 * ROC + SEQ
  ReplayWindow::Place place = ReplayWindow::Place::New;
};
struct ReceivedRtcp {
  OpenedRtcp opened;
  ReplayWindow::Place place = ReplayWindow::Place::New;
};

class Receiver {
 public:
  static constexpr std::size_t kMaxStreams = 4096;      // of RTP, and as many of RTCP
  static constexpr std::size_t kMaxStrangers = 1024;    // SSRCs of which no packet was authentic
  static constexpr unsigned kSearchesPerStream = 4;     // that find nothing
  static constexpr unsigned kFailuresBeforeSearch = 3;  // in a row, of a known stream
  static constexpr std::uint32_t kMaxVainTries = std::uint32_t{1} << 18U;  // in all searches

  static Result<Receiver, Error> make(Profile profile, const MasterKey& master,
                                      ReceiverOptions options);
  Profile profile() const { return transform_.profile(); }

  // `plain` must have room for packet.size() and lie apart from it.
  Result<OpenedRtp, Error> open_rtp(Bytes packet, MutableBytes plain);
  // The same for a packet that was decoded already.
  Result<OpenedRtp, Error> open_rtp(Bytes packet, const rtp::PacketView& view, MutableBytes plain);
  Result<ReceivedRtcp, Error> open_rtcp(Bytes packet, MutableBytes plain);

  std::size_t stream_count() const { return streams_.size(); }

 private:
  struct Stream {
    ReplayWindow window;
    unsigned failures = 0;  // in a row
    unsigned searches = 0;  // in vain
  };
  struct Packet {
    Bytes bytes;
    const rtp::PacketView* view;
    MutableBytes plain;
  };

  Receiver(Transform transform, ReceiverOptions options)
      : transform_(std::move(transform)), options_(std::move(options)) {}

  Stream* find(std::uint32_t ssrc);
  Result<OpenedRtp, Error> open_known(Stream& stream, const Packet& packet);
  Result<OpenedRtp, Error> open_first(const Packet& packet);
  Result<OpenedRtp, Error> accept(Stream& stream, std::uint64_t index, std::size_t size);
  Result<OpenedRtp, Error> search(std::uint32_t first_roc, unsigned& searches,
                                  const Packet& packet);

  Transform transform_;
  ReceiverOptions options_;
  std::map<std::uint32_t, Stream> streams_;
  std::map<std::uint32_t, unsigned> strangers_;  // searches in vain by SSRC
  std::map<std::uint32_t, ReplayWindow> rtcp_;
  std::uint32_t last_ssrc_ = 0;
  Stream* last_stream_ = nullptr;
  std::uint32_t vain_tries_ = 0;
};

}  // namespace parley::srtp
