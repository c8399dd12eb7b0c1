// Answers to checks whose request has not been seen where they are: it may come later in the file,
// stand at another capture point, or be missing.

#include <algorithm>
#include <utility>

#include "analyzer/track/ice_tracker.h"

namespace parley::analyzer {

void IceTracker::keep_early(FlowId flow, Direction direction, const stun::MessageView& message,
                            const Packet& packet, bool asked_elsewhere) {
  while (!early_.empty() &&
         (early_.size() >= kMaxEarly || packet.at - early_.front().at > kEarlyFor))
    early_.pop_front();
  if (!asked_elsewhere) {
    FlowDirection& way = flows_[flow].directions[direction];
    way.last_unasked = {packet.ref, packet.at};
    if (way.unasked++ == 0)
      way.first_unasked = way.last_unasked;
  }
  const Bytes bytes = message.message();
  early_.push_back({flow, direction, message.transaction_id(), packet.ref, packet.at,
                    ByteBuffer(bytes.begin(), bytes.end()), !asked_elsewhere});
}

bool IceTracker::was_asked_elsewhere(const Transaction& transaction, FlowId flow,
                                     Direction asked) const {
  return std::any_of(
      transaction.views.begin(), transaction.views.end(), [&](const TransactionView& view) {
        const CheckPath& path = paths_[view.path];
        return flows_[path.flow].source(path.direction) == flows_[flow].source(asked) &&
               flows_[path.flow].destination(path.direction) == flows_[flow].destination(asked);
      });
}

void IceTracker::match_early(FlowId flow, Direction asked, const stun::TransactionId& id,
                             Instant now) {
  const auto it = std::find_if(early_.begin(), early_.end(), [&](const Early& e) {
    return e.id == id && e.flow == flow && e.direction == reverse(asked) && now - e.at <= kEarlyFor;
  });
  if (it == early_.end()) {
    forget_unasked(flow, asked, id);
    return;
  }
  const Early early = std::move(*it);
  early_.erase(it);
  if (early.counted)
    --flows_[flow].directions[early.direction].unasked;
  const auto message = stun::MessageView::decode(early.message);
  if (!message)
    return;
  Packet packet;
  packet.ref = early.ref;
  packet.at = early.at;
  on_response(flow, early.direction, *message, packet);
}

// The request of an answer that came before it, at another capture point.
void IceTracker::forget_unasked(FlowId flow, Direction asked, const stun::TransactionId& id) {
  for (Early& early : early_) {
    const FlowRecord& there = flows_[early.flow];
    if (!early.counted || early.id != id ||
        there.source(early.direction) != flows_[flow].destination(asked) ||
        there.destination(early.direction) != flows_[flow].source(asked))
      continue;
    early.counted = false;
    --flows_[early.flow].directions[early.direction].unasked;
  }
}

}  // namespace parley::analyzer
