#pragma once

#include <vector>

#include "stack/base/time.h"
#include "stack/trace/event.h"

namespace parley::trace {

struct Record {
  Instant at;
  ActorId actor;
  Event event;
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void on_record(const Record& record) = 0;
};

// Keeps everything: for tests and for runs of bounded length.
class RecordList final : public Sink {
 public:
  void on_record(const Record& record) override { records_.push_back(record); }
  const std::vector<Record>& records() const { return records_; }

 private:
  std::vector<Record> records_;
};

}  // namespace parley::trace
