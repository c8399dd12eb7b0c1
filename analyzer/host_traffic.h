#pragma once

// How much every host sent and received at every capture point, and what of it concerns a call: so
// that a capture which lacks a direction, or packets, is known as such. It judges nothing.

#include <map>
#include <utility>
#include <vector>

#include "analyzer/address_book.h"
#include "analyzer/call_layout.h"
#include "analyzer/model/model.h"
#include "analyzer/pipeline.h"

namespace parley::analyzer {

class HostBook {
 public:
  explicit HostBook(Pipeline& pipeline);
  // By capture point.
  std::vector<HostTraffic> traffic_of(const CallLayout& layout, const AddressBook& book) const;

 private:
  struct Counts {
    std::uint64_t sent = 0, received = 0;
    bool insists = false;
    bool asks = false;  // STUN or TURN servers
  };
  // The address of a side's own host in a flow of the call; empty where a server speaks for it.
  std::optional<IpAddress> host_of(const FlowUse& use, Side side, const AddressBook& book) const;

  Pipeline& pipeline_;
  std::map<std::pair<std::uint32_t, IpAddress>, Counts> hosts_;
};

}  // namespace parley::analyzer
