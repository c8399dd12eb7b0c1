#include "analyzer/dissect/stream_frames.h"

#include "stack/wire/turn.h"

namespace parley::analyzer {
namespace {

bool is_whole(const turn::StreamFrame& frame) {
  return frame.kind == turn::FrameKind::Stun || frame.kind == turn::FrameKind::ChannelData;
}

}  // namespace

StreamFrames split_stream(Bytes segment) {
  StreamFrames split;
  split.rest = segment;
  for (auto next = turn::next_stream_frame(segment); is_whole(next);
       next = turn::next_stream_frame(split.rest)) {
    split.frames.push_back(split.rest.first(next.size));
    split.rest = split.rest.subspan(next.size);
  }
  return split;
}

std::size_t cut_frame(const StreamFrames& split, std::size_t missing) {
  const turn::StreamFrame next = turn::next_stream_frame(split.rest);
  const bool ends = next.kind == turn::FrameKind::NeedMore && next.size > split.rest.size() &&
                    next.size - split.rest.size() <= missing;
  return ends ? next.size - split.rest.size() : 0;
}

}  // namespace parley::analyzer
