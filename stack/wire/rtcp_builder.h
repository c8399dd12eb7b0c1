#pragma once

// Writes RTCP packets, one behind the other, into its caller's buffer: compound packets are made by
// calling one function after the other, a sender or receiver report first (RFC 3550 section 6.1)
// unless both sides agreed to reduced-size RTCP (RFC 5506). No packet is larger than the 16-bit
// length allows: what does not fit is an assertion, because the caller chooses how much to say.

#include <span>
#include <string_view>

#include "stack/wire/rtcp_feedback.h"
#include "stack/wire/rtcp_xr.h"

namespace parley::rtcp {

// At most kMaxCount blocks each.
void write_sender_report(ByteBuffer& out, std::uint32_t ssrc, const SenderInfo& info,
                         std::span<const ReportBlock> blocks);
void write_receiver_report(ByteBuffer& out, std::uint32_t ssrc,
                           std::span<const ReportBlock> blocks);
// At most kMaxCount chunks; a text has at most 255 octets.
void write_source_description(ByteBuffer& out, std::span<const SdesChunk> chunks);
// At most kMaxCount sources; an empty reason is left out; at most 255 octets.
void write_goodbye(ByteBuffer& out, std::span<const std::uint32_t> sources,
                   std::string_view reason = {});

// Asks for these packets, in the order of the list, as few entries as that order allows. At least
// one.
void write_nack(ByteBuffer& out, std::uint32_t sender, std::uint32_t media,
                std::span<const std::uint16_t> sequences);
void write_picture_loss(ByteBuffer& out, std::uint32_t sender, std::uint32_t media);
// At least one entry.
void write_full_intra(ByteBuffer& out, std::uint32_t sender,
                      std::span<const FullIntraEntry> entries);
// The bitrate (bits a second) is rounded down to 18 significant bits. At most 255 sources.
void write_receiver_bitrate(ByteBuffer& out, std::uint32_t sender, std::uint64_t bitrate,
                            std::span<const std::uint32_t> sources);

struct TransportWideHeader {
  std::uint32_t sender_ssrc = 0, media_ssrc = 0;
  std::uint16_t base_sequence = 0;
  std::int32_t reference_time = 0;  // units of 64 ms
  std::uint8_t feedback_count = 0;
};
// One status for each packet from base_sequence on; `sequence` is not read. At least one and at
// most 65535 statuses.
void write_transport_wide(ByteBuffer& out, const TransportWideHeader& header,
                          std::span<const PacketStatus> statuses);

// RFC 8888 section 3.1: in one block.
inline constexpr std::size_t kMaxArrivalMetrics = 16384;
struct ArrivalReport {
  std::uint32_t ssrc = 0;
  std::uint16_t begin_sequence = 0;
  std::span<const ArrivalMetric> metrics;
};
void write_congestion_control(ByteBuffer& out, std::uint32_t sender,
                              std::span<const ArrivalReport> reports, std::uint32_t timestamp);

void write_reference_time(ByteBuffer& out, std::uint32_t ssrc, std::uint64_t ntp);
void write_dlrr(ByteBuffer& out, std::uint32_t ssrc, std::span<const DlrrEntry> entries);

}  // namespace parley::rtcp
