#include "stack/srtp/receiver.h"

namespace parley::srtp {
namespace {

tl::unexpected<Error> refuse(Refusal refusal) {
  return tl::unexpected<Error>(Error{refusal, {}});
}

bool is_wrong_key_or_index(const Error& error) {
  return error.refusal == Refusal::AuthenticationFailed;
}

}  // namespace

Result<Receiver, Error> Receiver::make(Profile profile, const MasterKey& master,
                                       ReceiverOptions options) {
  const auto keys = derive_session_keys(profile, master);
  if (!keys)
    return refuse(Refusal::BadKey);
  auto transform = Transform::make(profile, *keys, options.transform);
  if (!transform)
    return tl::unexpected<Error>(transform.error());
  return Receiver(std::move(*transform), std::move(options));
}

// Most packets belong to the stream of the one before.
Receiver::Stream* Receiver::find(std::uint32_t ssrc) {
  if (last_stream_ != nullptr && last_ssrc_ == ssrc)
    return last_stream_;
  const auto found = streams_.find(ssrc);
  if (found == streams_.end())
    return nullptr;
  last_ssrc_ = ssrc;
  last_stream_ = &found->second;
  return last_stream_;
}

Result<OpenedRtp, Error> Receiver::open_rtp(Bytes packet, MutableBytes plain) {
  const auto view = rtp::PacketView::decode(packet);
  if (!view)
    return tl::unexpected<Error>(Error{Refusal::Malformed, view.error()});
  return open_rtp(packet, *view, plain);
}

Result<OpenedRtp, Error> Receiver::open_rtp(Bytes packet, const rtp::PacketView& view,
                                            MutableBytes plain) {
  Stream* stream = find(view.ssrc);
  const Packet whole{packet, &view, plain};
  return stream != nullptr ? open_known(*stream, whole) : open_first(whole);
}

Result<OpenedRtp, Error> Receiver::open_known(Stream& stream, const Packet& packet) {
  const std::uint16_t sequence = packet.view->sequence;
  const std::uint32_t roc = estimate_roc(stream.window.highest(), sequence);
  const std::uint64_t index = index_of(roc, sequence);
  const ReplayWindow::Place place = stream.window.place(index);
  if (options_.replays == Replays::Refuse && place != ReplayWindow::Place::New)
    return refuse(place == ReplayWindow::Place::Repeated ? Refusal::Replayed : Refusal::TooOld);
  const auto size = transform_.open_rtp(packet.bytes, *packet.view, index, packet.plain);
  if (size)
    return accept(stream, index, *size);
  if (!is_wrong_key_or_index(size.error()) || ++stream.failures < kFailuresBeforeSearch)
    return tl::unexpected<Error>(size.error());
  const auto found = search(roc + 1, stream.searches, packet);
  return found ? accept(stream, found->index, found->size) : found;
}

// The table is looked at only after the packet proved authentic: others must not fill it.
Result<OpenedRtp, Error> Receiver::open_first(const Packet& packet) {
  const std::uint32_t ssrc = packet.view->ssrc;
  OpenedRtp opened;
  opened.index = packet.view->sequence;
  const auto size = transform_.open_rtp(packet.bytes, *packet.view, opened.index, packet.plain);
  if (size) {
    opened.size = *size;
  } else {
    if (!is_wrong_key_or_index(size.error()) || options_.roc_candidates <= 1 ||
        (strangers_.size() >= kMaxStrangers && strangers_.count(ssrc) == 0))
      return tl::unexpected<Error>(size.error());
    const auto found = search(1, strangers_[ssrc], packet);
    if (!found)
      return found;
    strangers_.erase(ssrc);
    opened = *found;
  }
  if (streams_.size() >= kMaxStreams)
    return refuse(Refusal::TooManyStreams);
  return accept(streams_[ssrc], opened.index, opened.size);
}

Result<OpenedRtp, Error> Receiver::accept(Stream& stream, std::uint64_t index, std::size_t size) {
  OpenedRtp opened;
  opened.size = size;
  opened.index = index;
  opened.place = stream.window.place(index);
  stream.window.receive(index);
  stream.failures = 0;
  stream.searches = 0;
  return opened;
}

Result<OpenedRtp, Error> Receiver::search(std::uint32_t first_roc, unsigned& searches,
                                          const Packet& packet) {
  if (searches >= kSearchesPerStream)
    return refuse(Refusal::AuthenticationFailed);
  std::uint32_t tries = 0;
  for (std::uint32_t roc = first_roc;
       tries + 1 < options_.roc_candidates && vain_tries_ + tries < kMaxVainTries && roc != 0;
       ++roc, ++tries) {
    OpenedRtp opened;
    opened.index = index_of(roc, packet.view->sequence);
    const auto size = transform_.open_rtp(packet.bytes, *packet.view, opened.index, packet.plain);
    if (size) {
      opened.size = *size;
      return opened;
    }
  }
  ++searches;
  vain_tries_ += tries;
  return refuse(Refusal::AuthenticationFailed);
}

Result<ReceivedRtcp, Error> Receiver::open_rtcp(Bytes packet, MutableBytes plain) {
  const auto opened = transform_.open_rtcp(packet, plain);
  if (!opened)
    return tl::unexpected<Error>(opened.error());
  const auto found = rtcp_.find(opened->ssrc);
  ReceivedRtcp received;
  received.opened = *opened;
  if (found == rtcp_.end()) {
    if (rtcp_.size() >= kMaxStreams)
      return refuse(Refusal::TooManyStreams);
    rtcp_[opened->ssrc].receive(opened->index);
    return received;
  }
  received.place = found->second.place(opened->index);
  if (options_.replays == Replays::Refuse && received.place != ReplayWindow::Place::New)
    return refuse(received.place == ReplayWindow::Place::Repeated ? Refusal::Replayed
                                                                  : Refusal::TooOld);
  found->second.receive(opened->index);
  return received;
}

}  // namespace parley::srtp
