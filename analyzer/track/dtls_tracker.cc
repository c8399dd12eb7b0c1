#include "analyzer/track/dtls_tracker.h"

#include <algorithm>
#include <limits>

#include "stack/crypto/hmac.h"

namespace parley::analyzer {

namespace {

using dtls::ContentType;
using dtls::HandshakeFragment;
using dtls::HandshakeType;
using Outcome = dtls::HandshakeReassembler::Outcome;

constexpr std::size_t kMaxHelloDatagrams = 16;
constexpr HandshakePlace kEncrypted{std::numeric_limits<std::uint32_t>::max(), 0};

// "AA:BB:...", as a=fingerprint has it (RFC 8122 section 5).
std::string fingerprint_of(Bytes certificate) {
  const crypto::Sha256Digest digest = crypto::sha256(certificate);
  const std::string hex = to_hex(digest);
  std::string text;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    if (i > 0)
      text += ':';
    for (const char c : {hex[i], hex[i + 1]})
      text += c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

// What one datagram does to one association.
class Datagram {
 public:
  Datagram(DtlsAssociation& association, Direction direction, const Packet& packet)
      : a_(association),
        half_(association.halves[direction]),
        from_(direction),
        seen_{packet.ref, packet.at} {}

  void on_record(const dtls::RecordView& record);

 private:
  void on_clear(const dtls::RecordView& record);
  void on_protected(const dtls::RecordView& record);
  void on_unified(const dtls::RecordView& record);
  bool is_long_as_alert(const dtls::RecordView& record) const;
  void on_fragment(const HandshakeFragment& fragment);
  void on_cut_fragment(const HandshakeFragment& fragment);
  void on_message(const dtls::HandshakeReassembler::Message& message);
  void on_client_hello(const dtls::HandshakeReassembler::Message& message);
  void on_server_hello(const dtls::HandshakeReassembler::Message& message);
  void on_certificate(const dtls::HandshakeReassembler::Message& message);
  void on_alert(const dtls::RecordView& record);
  bool is_new(const dtls::RecordView& record);
  void note_place(const HandshakePlace& place);
  void on_finished();
  void note_last_flight();
  void encrypted_step(std::uint8_t epoch);
  HandshakeStep* step_of(std::uint8_t epoch, std::uint8_t type, std::uint64_t number);
  HandshakeStep* new_step(std::uint8_t epoch);
  void step(const HandshakeFragment& fragment);

  DtlsAssociation& a_;
  DtlsHalf& half_;
  Direction from_;
  Sighting seen_;
  bool encrypted_step_noted_ = false;
  bool place_noted_ = false;
};

void Datagram::on_record(const dtls::RecordView& record) {
  ++half_.records;
  if (record.in_clear()) {
    on_clear(record);
  } else {
    ++half_.protected_records;
    on_protected(record);
  }
}

// Sent again, a handshake record has a number of its own (RFC 6347 section 4.1); a copy that the
// network or the capture made has not, and one that comes late has a lower one.
bool Datagram::is_new(const dtls::RecordView& record) {
  std::optional<std::uint64_t>& last = half_.last_record[record.epoch == 0 ? 0 : 1];
  if (last && record.sequence <= *last)
    return false;
  last = record.sequence;
  return true;
}

// A flight goes forward through the handshake; going back is the flight, sent again. Only where a
// datagram begins counts: how a flight is cut into datagrams may change.
void Datagram::note_place(const HandshakePlace& place) {
  if (std::exchange(place_noted_, true))
    return;
  if (half_.last_place && place <= *half_.last_place)
    ++half_.retransmissions;
  half_.last_place = place;
}

void Datagram::on_clear(const dtls::RecordView& record) {
  switch (record.type) {
    case ContentType::Handshake: {
      if (a_.settled)
        break;
      const bool fresh = is_new(record);
      for (const HandshakeFragment& f :
           dtls::decode_handshake_fragments(record.fragment, 0, record.missing).fragments) {
        if (fresh)
          note_place({f.message_seq, f.fragment_offset});
        on_fragment(f);
      }
      break;
    }
    case ContentType::Alert:
      on_alert(record);
      break;
    case ContentType::ChangeCipherSpec:
      if (!half_.change_cipher_spec)
        half_.change_cipher_spec = seen_;
      note_last_flight();
      break;
    case ContentType::ApplicationData:
    case ContentType::Heartbeat:
    case ContentType::ConnectionId:
    case ContentType::Ack:
      break;
  }
}

// An alert's two octets, the content type and the tag of the AEAD (RFC 9147 section 4, RFC 8446
// section 6, RFC 6655 section 6.1 for tags of 8 octets). Nothing else is as short: SCTP begins with
// 12 octets, and an ACK names a record in 16.
bool Datagram::is_long_as_alert(const dtls::RecordView& record) const {
  constexpr std::uint16_t kAes128Ccm8 = 0x1305;
  constexpr std::size_t kPlain = 3;
  const std::size_t tag = a_.chosen && a_.chosen->cipher_suite == kAes128Ccm8 ? 8 : 16;
  return record.missing == 0 && record.fragment.size() == kPlain + tag;
}

// Epoch 2 is the handshake, 3 the first application epoch, and key updates follow it (RFC 9147
// section 6.1). The header shows the low two bits.
void Datagram::on_unified(const dtls::RecordView& record) {
  if (record.epoch == 2 && !half_.application) {
    encrypted_step(2);
    return;
  }
  if (!is_long_as_alert(record))
    half_.protected_alert.reset();
  else if (!half_.protected_alert)
    half_.protected_alert = seen_;
  half_.alert_by_length = half_.protected_alert.has_value();
  if (!half_.application)
    half_.application = seen_;
}

void Datagram::on_protected(const dtls::RecordView& record) {
  if (record.unified) {
    ++half_.unified_records;
    on_unified(record);
    return;
  }
  ++half_.classic_records;
  if (record.epoch == 1)
    half_.numbers.add(record.sequence, seen_);
  switch (record.type) {
    case ContentType::Handshake:
      if (half_.application || !is_new(record))
        break;
      note_place(kEncrypted);
      on_finished();
      note_last_flight();
      encrypted_step(1);
      break;
    case ContentType::Alert:
      if (!half_.protected_alert)
        half_.protected_alert = seen_;
      break;
    case ContentType::ApplicationData:
    case ContentType::ConnectionId:
      if (!half_.application)
        half_.application = seen_;
      break;
    case ContentType::ChangeCipherSpec:
    case ContentType::Heartbeat:
    case ContentType::Ack:
      break;
  }
}

// Who repeats its Finished has not received the flight that should have answered it.
void Datagram::on_finished() {
  if (half_.last_finished && half_.last_finished->ref == seen_.ref)
    return;
  std::optional<Sighting>& answer = a_.halves[1U - from_].last_flight;
  if (half_.first_finished && answer && answer->at >= half_.first_finished->at)
    answer.reset();
  if (half_.last_finished)
    half_.finished_wait = seen_.at - half_.last_finished->at;
  if (!half_.first_finished)
    half_.first_finished = seen_;
  half_.last_finished = seen_;
}

void Datagram::note_last_flight() {
  if (!half_.last_flight && half_.change_cipher_spec && half_.first_finished)
    half_.last_flight = seen_;
}

HandshakeStep* Datagram::step_of(std::uint8_t epoch, std::uint8_t type, std::uint64_t number) {
  const auto known = std::find_if(a_.steps.begin(), a_.steps.end(), [&](const HandshakeStep& s) {
    return s.epoch == epoch && s.from == from_ && s.type == type && s.number == number;
  });
  return known == a_.steps.end() ? nullptr : &*known;
}

HandshakeStep* Datagram::new_step(std::uint8_t epoch) {
  if (a_.steps.size() >= DtlsTracker::kMaxSteps)
    return nullptr;
  HandshakeStep& s = a_.steps.emplace_back();
  s.from = from_;
  s.epoch = epoch;
  s.first = s.last = seen_;
  return &s;
}

// In DTLS 1.2 nothing but Finished is encrypted, and what comes again is the same (RFC 6347 section
// 4.2.4). In 1.3 it is several messages, of which a datagram does not show its own.
void Datagram::encrypted_step(std::uint8_t epoch) {
  if (std::exchange(encrypted_step_noted_, true))
    return;
  if (HandshakeStep* known = step_of(epoch, 0, 0)) {
    ++known->times;
    known->last = seen_;
  } else if (HandshakeStep* s = new_step(epoch)) {
    s->what = epoch == 1 ? "Finished (encrypted)" : "encrypted handshake";
    s->whole = true;
  }
}

void Datagram::step(const HandshakeFragment& fragment) {
  const auto type = static_cast<std::uint8_t>(fragment.type);
  if (HandshakeStep* known = step_of(0, type, fragment.message_seq)) {
    if (fragment.fragment_offset == 0)
      ++known->times;
    known->last = seen_;
  } else if (HandshakeStep* s = new_step(0)) {
    s->what = dtls::handshake_type_name(fragment.type);
    s->type = type;
    s->number = fragment.message_seq;
  }
}

void Datagram::on_fragment(const HandshakeFragment& fragment) {
  if (fragment.type == HandshakeType::ClientHello) {
    if (!a_.client)
      a_.client = from_;
    if (!half_.first_hello)
      half_.first_hello = seen_;
    if (!a_.offered && half_.open_datagrams.size() < kMaxHelloDatagrams &&
        (half_.open_datagrams.empty() || half_.open_datagrams.back().ref != seen_.ref))
      half_.open_datagrams.push_back(seen_);
  }
  if (fragment.body.size() < fragment.fragment_length) {
    on_cut_fragment(fragment);
    return;
  }
  dtls::HandshakeReassembler::Message message;
  const Outcome outcome = half_.reassembler.add(fragment, message);
  switch (outcome) {
    case Outcome::Refused:
      return;
    case Outcome::Completed:
      on_message(message);
      break;
    case Outcome::Duplicate:
    case Outcome::Stored:
      break;
  }
  if (outcome == Outcome::Duplicate || fragment.fragment_offset == 0)
    step(fragment);
  if (outcome == Outcome::Completed)
    if (HandshakeStep* s =
            step_of(0, static_cast<std::uint8_t>(fragment.type), fragment.message_seq))
      s->whole = true;
}

// A snap length cut it: what it is shows, and not what it says.
void Datagram::on_cut_fragment(const HandshakeFragment& fragment) {
  if (fragment.type == HandshakeType::ServerHello && !a_.client)
    a_.client = reverse(from_);
  if (fragment.fragment_offset == 0)
    step(fragment);
}

void Datagram::on_message(const dtls::HandshakeReassembler::Message& message) {
  if (message.type == HandshakeType::ClientHello)
    on_client_hello(message);
  else if (message.type == HandshakeType::ServerHello)
    on_server_hello(message);
  else if (message.type == HandshakeType::Certificate)
    on_certificate(message);
  else if (message.type == HandshakeType::HelloVerifyRequest)
    a_.hello_verify = true;
  else if (message.type == HandshakeType::ServerKeyExchange)
    a_.key_exchange_group = dtls::server_key_exchange_group(message.body);
}

void Datagram::on_client_hello(const dtls::HandshakeReassembler::Message& message) {
  const auto hello = dtls::ClientHello::decode(message.body);
  if (!hello)
    return;
  OfferedHello offered;
  offered.versions = hello->offered_versions();
  offered.cipher_suites = hello->cipher_suites;
  offered.groups = hello->groups;
  offered.srtp_profiles = hello->srtp_profiles;
  offered.datagrams = a_.offered ? a_.offered->datagrams : half_.open_datagrams;
  a_.offered = std::move(offered);
}

void Datagram::on_server_hello(const dtls::HandshakeReassembler::Message& message) {
  const auto hello = dtls::ServerHello::decode(message.body);
  if (!hello)
    return;
  if (!a_.client)
    a_.client = reverse(from_);
  if (hello->is_hello_retry_request()) {
    a_.hello_retry = true;
    return;
  }
  a_.chosen =
      ChosenHello{hello->version(), hello->cipher_suite, hello->group, hello->srtp_profile, seen_};
}

void Datagram::on_certificate(const dtls::HandshakeReassembler::Message& message) {
  const auto certificates = dtls::CertificateMessage::decode(message.body);
  if (certificates && !certificates->certificates.empty())
    half_.fingerprint = fingerprint_of(certificates->certificates.front());
}

void Datagram::on_alert(const dtls::RecordView& record) {
  const auto alert = dtls::Alert::decode(record.fragment);
  if (!alert || a_.alerts.size() >= DtlsTracker::kMaxAlerts)
    return;
  a_.alerts.push_back({from_, dtls::alert_level_name(alert->level),
                       dtls::alert_description_name(alert->description), seen_});
}

bool has_clear_handshake(const dtls::RecordList& list) {
  return std::any_of(list.records.begin(), list.records.end(), [](const dtls::RecordView& r) {
    return r.in_clear() && r.type == ContentType::Handshake;
  });
}

// The last record that shows ends before the datagram did.
bool hides_records(const dtls::RecordList& list, std::size_t wire_size) {
  if (list.records.empty())
    return true;
  const dtls::RecordView& last = list.records.back();
  return last.offset + last.size() + last.missing < wire_size;
}

// Behind the cut may stand more of the handshake: not where application data comes first.
bool cuts_handshake(const dtls::RecordList& list) {
  return std::none_of(list.records.begin(), list.records.end(), [](const dtls::RecordView& r) {
    return r.unified ? r.epoch != 2 : r.type == ContentType::ApplicationData;
  });
}

}  // namespace

// What comes later than the window reaches back is taken to be new: it is not lost.
void RecordNumbers::add(std::uint64_t number, const Sighting& seen) {
  constexpr std::uint64_t kWindow = 64;
  if (seen_ == 0) {
    first_ = last_ = number;
    window_ = 1;
    first_seen_ = seen;
  } else if (number > last_) {
    const std::uint64_t step = number - last_;
    window_ = (step < kWindow ? window_ << step : 0) | 1U;
    last_ = number;
  } else {
    const std::uint64_t back = last_ - number;
    if (back < kWindow && ((window_ >> back) & 1U) != 0)
      return;
    if (back < kWindow)
      window_ |= std::uint64_t{1} << back;
    else if (missing() == 0 && number >= first_)
      return;
    first_ = std::min(first_, number);
  }
  ++seen_;
  last_seen_ = seen;
}

DtlsAssociation* DtlsTracker::association(FlowRecord& flow, FlowId id, bool evidence) {
  if (flow.association != kNone)
    return &associations_[flow.association];
  // Bytes on a flow that nothing speaks for have to show a handshake before they cost memory.
  if ((flow.proof == FlowProof::None && !evidence) || associations_.size() >= kMaxAssociations)
    return nullptr;
  flow.association = static_cast<std::uint32_t>(associations_.size());
  associations_.emplace_back();
  associations_.back().flow = id;
  return &associations_.back();
}

void DtlsTracker::on_datagram(FlowRecord& flow, FlowId id, Direction direction,
                              const Packet& packet, bool with_media) {
  const std::size_t missing =
      packet.cut_short ? packet.wire_payload_size - packet.payload.size() : 0;
  const dtls::RecordList list = dtls::decode_records(packet.payload, 0, 0, missing);
  DtlsAssociation* a = association(flow, id, with_media || has_clear_handshake(list));
  if (a == nullptr)
    return;
  Datagram datagram(*a, direction, packet);
  for (const dtls::RecordView& record : list.records)
    datagram.on_record(record);
  if (missing > 0 && cuts_handshake(list))
    ++a->halves[direction].cut;
  if (missing > 0 && hides_records(list, packet.wire_payload_size))
    a->halves[direction].hides_records = true;
  if (!a->settled && a->halves[0].application && a->halves[1].application) {
    a->settled = true;
    for (DtlsHalf& half : a->halves)
      half.reassembler = {};
  }
  if (flow.proof == FlowProof::None && a->offered && a->chosen)
    flow.proof = FlowProof::Handshake;
}

}  // namespace parley::analyzer
