#include "stack/srtp/sender.h"

namespace parley::srtp {
namespace {

constexpr std::size_t kRtcpSsrcAt = 4;

tl::unexpected<Error> refuse(Refusal refusal) {
  return tl::unexpected<Error>(Error{refusal, {}});
}

}  // namespace

Result<Sender, Error> Sender::make(Profile profile, const MasterKey& master, Options options) {
  const auto keys = derive_session_keys(profile, master);
  if (!keys)
    return refuse(Refusal::BadKey);
  auto transform = Transform::make(profile, *keys, std::move(options));
  if (!transform)
    return tl::unexpected<Error>(transform.error());
  return Sender(std::move(*transform));
}

Result<std::size_t, Error> Sender::seal_rtp(Bytes packet, MutableBytes sealed) {
  const auto view = rtp::PacketView::decode(packet);
  if (!view)
    return tl::unexpected<Error>(Error{Refusal::Malformed, view.error()});
  const auto found = streams_.find(view->ssrc);
  std::uint64_t index = view->sequence;
  if (found != streams_.end()) {
    index = index_of(estimate_roc(found->second.highest(), view->sequence), view->sequence);
    const ReplayWindow::Place place = found->second.place(index);
    if (place != ReplayWindow::Place::New)
      return refuse(place == ReplayWindow::Place::Repeated ? Refusal::Replayed : Refusal::TooOld);
  } else if (streams_.size() >= kMaxStreams) {
    return refuse(Refusal::TooManyStreams);
  }
  if (index + 1 == kIndexLimit)
    return refuse(Refusal::KeyExhausted);
  const auto size = transform_.seal_rtp(packet, index, sealed);
  if (size)
    streams_[view->ssrc].receive(index);
  return size;
}

Result<std::size_t, Error> Sender::seal_rtcp(Bytes packet, bool encrypt, MutableBytes sealed) {
  const std::uint32_t ssrc =
      packet.size() < kRtcpSsrcAt + 4 ? 0 : load_u32(packet.data() + kRtcpSsrcAt);
  const auto found = next_rtcp_.find(ssrc);
  if (found == next_rtcp_.end() && next_rtcp_.size() >= kMaxStreams)
    return refuse(Refusal::TooManyStreams);
  const std::uint32_t index = found == next_rtcp_.end() ? 0 : found->second;
  const auto size = transform_.seal_rtcp(packet, index, encrypt, sealed);
  if (size)
    next_rtcp_[ssrc] = index + 1;
  return size;
}

}  // namespace parley::srtp
