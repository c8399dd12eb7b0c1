#pragma once

// DTLS handshakes on each flow, read as far as they are in clear: everything up to Finished in DTLS
// 1.2 (RFC 6347), the two hellos in 1.3 (RFC 9147), over any number of datagrams. Counts records;
// tells when protected application data began. It holds no keys and knows no peers: directions
// stand for them.

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/flow_table.h"
#include "analyzer/packet.h"
#include "stack/wire/dtls.h"

namespace parley::analyzer {

struct HandshakeStep {
  Direction from = 0;
  std::string what;
  Sighting first, last;
  std::uint64_t times = 1;
  bool whole = false;  // all of its fragments were seen
  std::uint8_t type = 0;
  std::uint8_t epoch = 0;
  // What tells this step from the others of its sender, at every capture point alike: message_seq
  // in clear; encrypted, all that a side sends in one epoch is one step.
  std::uint64_t number = 0;
};
struct SeenAlert {
  Direction from = 0;
  std::string level, description;
  Sighting seen;
};
struct OfferedHello {
  std::vector<std::uint16_t> versions, cipher_suites, groups, srtp_profiles;
  std::vector<Sighting> datagrams;  // those that brought it the first time
};
struct ChosenHello {
  std::uint16_t version = 0, cipher_suite = 0;
  std::optional<std::uint16_t> group, srtp_profile;
  Sighting seen;
};

// Message and fragment offset; what is encrypted comes after all that is in clear.
using HandshakePlace = std::pair<std::uint32_t, std::uint32_t>;

// The record numbers of epoch 1 of DTLS 1.2, which its records show (RFC 6347 section 4.1), each
// counted once: those between the least and the greatest that never came were lost.
class RecordNumbers {
 public:
  void add(std::uint64_t number, const Sighting& seen);
  std::uint64_t seen() const { return seen_; }
  std::uint64_t first() const { return first_; }
  std::uint64_t last() const { return last_; }
  std::uint64_t missing() const { return seen_ == 0 ? 0 : last_ - first_ + 1 - seen_; }
  const Sighting& first_seen() const { return first_seen_; }
  const Sighting& last_seen() const { return last_seen_; }

 private:
  std::uint64_t seen_ = 0, first_ = 0, last_ = 0;
  std::uint64_t window_ = 0;  // bit n: last_ - n came
  Sighting first_seen_, last_seen_;
};

// Per direction.
struct DtlsHalf {
  dtls::HandshakeReassembler reassembler;
  std::vector<Sighting> open_datagrams;  // of the ClientHello that is being put together
  std::optional<Sighting> first_hello;   // its first fragment
  std::optional<std::string> fingerprint;
  std::uint64_t records = 0, protected_records = 0;
  std::uint64_t retransmissions = 0;  // flights sent again
  std::uint64_t cut = 0;              // datagrams of the handshake whose end a snap length cut off
  std::optional<Sighting> change_cipher_spec;
  // 1.2: Finished, and how long after the one before the last one was sent.
  std::optional<Sighting> first_finished, last_finished;
  Duration finished_wait{};
  // When ChangeCipherSpec and Finished had both been seen, in any order and of any copy of the
  // flight; empty again when the other side asks for it by repeating its own (RFC 6347 section
  // 4.2.4).
  std::optional<Sighting> last_flight;
  std::optional<Sighting> application;  // the first protected application record
  // A protected alert: its meaning does not show. Of 1.2 the first, by its content type. 1.3 hides
  // that too (RFC 9147 section 4): there it is the last record of the application epochs, when that
  // is just as long as an alert.
  std::optional<Sighting> protected_alert;
  bool alert_by_length = false;  // the record does not show its content type
  // Records with the unified header, which is of DTLS 1.3 alone (RFC 9147 section 4), and protected
  // ones with the header of DTLS 1.2.
  std::uint64_t unified_records = 0, classic_records = 0;
  RecordNumbers numbers;
  bool hides_records = false;  // whole records stand behind the cut of a snap length

  // Where the flights stand: the highest handshake record number of the epochs 0 and 1, and the
  // place in the handshake where the last datagram began.
  std::array<std::optional<std::uint64_t>, 2> last_record;
  std::optional<HandshakePlace> last_place;
};

struct DtlsAssociation {
  FlowId flow = kNone;
  std::optional<Direction> client;
  std::optional<OfferedHello> offered;
  std::optional<ChosenHello> chosen;
  bool hello_retry = false, hello_verify = false;
  std::optional<std::uint16_t> key_exchange_group;  // ServerKeyExchange of 1.2
  std::array<DtlsHalf, 2> halves;
  std::vector<SeenAlert> alerts;
  std::vector<HandshakeStep> steps;
  bool settled = false;  // application data went both ways: no handshake is read any more
};

class DtlsTracker {
 public:
  static constexpr std::size_t kMaxAssociations = 30'000;
  static constexpr std::size_t kMaxSteps = 64;
  static constexpr std::size_t kMaxAlerts = 16;

  // One datagram whose first byte and length fit DTLS. `with_media`: RTP speaks for the flow, on
  // which no check and no handshake was seen yet.
  void on_datagram(FlowRecord& flow, FlowId id, Direction direction, const Packet& packet,
                   bool with_media = false);

  const DtlsAssociation& operator[](std::uint32_t i) const { return associations_[i]; }
  std::size_t size() const { return associations_.size(); }

 private:
  DtlsAssociation* association(FlowRecord& flow, FlowId id, bool evidence);

  std::deque<DtlsAssociation> associations_;
};

}  // namespace parley::analyzer
