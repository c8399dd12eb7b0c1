#pragma once

// Finds places that hold one direction each of the same traffic. A place that shows both directions
// of any address pair is whole. Of two that do not, the one holds the STUN requests and the other
// the responses to them, and no packet is at both: a network between them would not bring a
// response past a point that its request did not pass.

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "analyzer/capture_points.h"
#include "stack/wire/stun.h"

namespace parley::analyzer {

class CaptureHalves {
 public:
  void on_packet(const CapturePlace& place, const Packet& packet);
  // A flow at that place went both ways.
  bool is_whole(const CapturePlace& place) const;
  std::vector<std::pair<CapturePlace, CapturePlace>> pairs() const;

 private:
  using Ends = std::pair<Endpoint, Endpoint>;  // the lower one first
  struct OneWay {
    std::uint32_t place = 0;
    std::array<bool, 2> seen{};  // from the lower end; from the higher one
  };
  struct Message {
    Ends ends;
    std::set<std::uint32_t> asked, answered;  // places
  };

  std::uint32_t number_of(const CapturePlace& place);
  void on_stun(std::uint32_t place, const Ends& ends, Bytes payload);
  bool share_a_packet(std::uint32_t x, std::uint32_t y) const;

  std::map<CapturePlace, std::uint32_t> numbers_;
  std::vector<CapturePlace> places_;
  std::vector<bool> whole_;
  std::map<Ends, std::vector<OneWay>> flows_;
  std::map<stun::TransactionId, Message> messages_;
};

}  // namespace parley::analyzer
