#pragma once

// From the routes of one transport to the Transport of the model: pairs, what each agent selected,
// role conflicts, restarts, DTLS, and the packets that the flows carried. States follow RFC 8445
// sections 6.1.3 and 8, consent RFC 7675.

#include <array>
#include <set>

#include "analyzer/address_book.h"
#include "analyzer/call_layout.h"
#include "analyzer/pair_builder.h"
#include "analyzer/route_points.h"

namespace parley::analyzer {

// By side: the flows that show that side's own socket, so that packets are seen there when the side
// sends and receives them.
using OwnFlows = std::array<std::set<FlowId>, 2>;

class TransportBuilder {
 public:
  TransportBuilder(Pipeline& pipeline, const FoundCalls& found, const CallLayout& layout,
                   const PairBuilder& pairs)
      : pipeline_(pipeline), found_(found), layout_(layout), pairs_(pairs) {}

  Transport build(std::uint32_t index) const;

 private:
  void build_pairs(std::uint32_t index, Transport& t, std::vector<const PairSet*>& sets) const;
  void select(Transport& t, const std::vector<const PairSet*>& sets, const OwnFlows& own,
              Side side) const;
  // The route of the last DTLS or RTP that this side sent.
  std::optional<std::uint32_t> data_route(std::uint32_t index, Side side) const;
  bool may_wait(const Transport& t, const std::vector<const PairSet*>& sets, const OwnFlows& own,
                Side side) const;
  std::optional<Instant> last_protected(std::uint32_t index, Side side) const;
  bool lives(const Transport& t, Side side) const;
  void agent_state(Transport& t, Side side) const;
  OwnFlows own_flows(const std::vector<const PairSet*>& sets) const;
  void limit_distant(Transport& t, const std::vector<const PairSet*>& sets,
                     const OwnFlows& own) const;
  void withdraw_unseen_state(Transport& t, const OwnFlows& own, Side side) const;
  void nomination(Transport& t, const std::vector<const PairSet*>& sets, Side side) const;
  void count_packets(std::uint32_t index, Transport& t) const;
  bool carrier_was_cut(FlowId id) const;
  void list_flows(std::uint32_t index, Transport& t) const;

  Pipeline& pipeline_;
  const FoundCalls& found_;
  const CallLayout& layout_;
  const PairBuilder& pairs_;
};

// 487 exchanges (RFC 8445 section 7.3.1.1) and new ufrags (section 9) of one transport.
void list_conflicts(Pipeline& pipeline, const FoundCalls& found, const CallLayout& layout,
                    std::uint32_t index, Transport& t);
void list_restarts(Pipeline& pipeline, const FoundCalls& found, const CallLayout& layout,
                   std::uint32_t index, Transport& t);
// Of a transport that was up before the capture began: what came first of its ufrags does not show
// for those that were in use by then.
void withdraw_order(const Pipeline& pipeline, const FoundCalls& found, const CallLayout& layout,
                    std::uint32_t index, Transport& t);
// The RTP streams of one transport, by first packet.
std::vector<Stream> build_streams(Pipeline& pipeline, const CallLayout& layout,
                                  const RoutePoints& points, std::uint32_t index);
// Where the media of each side was seen, from its sender to its receiver, and which DTLS records
// came.
void fill_media_points(const Pipeline& pipeline, const CallLayout& layout,
                       const RoutePoints& points, Transport& t);
// Only DTLS; `t` has its packets counted already.
void build_dtls(Pipeline& pipeline, const CallLayout& layout, const OwnFlows& own,
                std::uint32_t index, Transport& t);

}  // namespace parley::analyzer
