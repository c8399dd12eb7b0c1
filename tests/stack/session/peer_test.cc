#include "stack/session/peer.h"

#include <algorithm>
#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stack/wire/demux.h"

namespace parley::session {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::SizeIs;
using trace::DtlsState;
using trace::IceState;

// Two peers on one network without NATs, with a signaling path between them, in virtual time.
class Call {
 public:
  static constexpr Duration kDelay = milliseconds(20);
  static constexpr Duration kSignalingDelay = milliseconds(40);
  // Whether a datagram arrives.
  using Passes = std::function<bool(const Datagram&, Instant)>;

  explicit Call(std::uint64_t seed = 1,
                const std::function<void(PeerConfig&, PeerConfig&)>& change = {}) {
    PeerConfig alice, bob;
    alice.actor = trace::ActorId{0};
    alice.host_endpoints = {*Endpoint::parse("192.0.2.1:5000")};
    bob.actor = trace::ActorId{1};
    bob.host_endpoints = {*Endpoint::parse("192.0.2.2:6000")};
    alice.certificate_time = bob.certificate_time = seconds(1'704'067'200);
    if (change)
      change(alice, bob);
    endpoints_ = {alice.host_endpoints[0], bob.host_endpoints[0]};
    peers_.emplace_back(alice, SeededRandom(seed, "alice"));
    peers_.emplace_back(bob, SeededRandom(seed, "bob"));
  }

  Peer& alice() { return peers_[0]; }
  Peer& bob() { return peers_[1]; }
  Instant now() const { return now_; }
  const std::vector<trace::Record>& records() const { return records_.records(); }
  const std::string& transcript() const { return transcript_; }
  void set_passes(Passes passes) { passes_ = std::move(passes); }
  void alter_signaling(std::function<void(SignalingMessage&)> alter) { alter_ = std::move(alter); }

  template <class F>
  auto act(std::size_t peer, F&& f) {
    Outbox out(&records_);
    auto result = f(peers_[peer], now_, out);
    carry(peer, out);
    return result;
  }
  void offer() {
    EXPECT_TRUE(act(0, [](Peer& peer, Instant now, Outbox& out) {
                  return peer.create_offer(now, out);
                }).has_value());
  }
  template <class Until>
  bool run_until(Until&& until, Duration limit) {
    while (!until()) {
      const Instant next = next_event();
      if (next == kNever || next > Instant{} + limit)
        return false;
      now_ = std::max(now_, next);
      deliver();
    }
    return true;
  }
  bool connect(Duration limit = seconds(20)) {
    return run_until([this] { return alice().connected() && bob().connected(); }, limit);
  }
  void run_for(Duration time) {
    const Duration limit = now_.time_since_epoch() + time;
    (void)run_until([] { return false; }, limit);
    now_ = std::max(now_, Instant{} + limit);
  }
  template <class E>
  std::vector<E> events(std::size_t peer) const {
    std::vector<E> found;
    for (const trace::Record& record : records())
      if (record.actor.value() == peer)
        if (const E* event = std::get_if<E>(&record.event); event != nullptr)
          found.push_back(*event);
    return found;
  }

 private:
  struct InFlight {
    std::size_t to;
    Endpoint source, destination;
    ByteBuffer payload;
  };
  struct Told {
    std::size_t to;
    SignalingMessage message;
  };
  using Key = std::pair<Instant, std::size_t>;

  Instant next_event() const {
    Instant next = std::min(peers_[0].next_deadline(), peers_[1].next_deadline());
    if (!network_.empty())
      next = std::min(next, network_.begin()->first.first);
    if (!signaling_.empty())
      next = std::min(next, signaling_.begin()->first.first);
    return next;
  }
  void deliver() {
    if (!signaling_.empty() && signaling_.begin()->first.first <= now_) {
      const Told told = signaling_.extract(signaling_.begin()).mapped();
      (void)act(told.to, [&](Peer& peer, Instant now, Outbox& out) {
        return peer.on_signaling(now, told.message, out);
      });
    } else if (!network_.empty() && network_.begin()->first.first <= now_) {
      const InFlight one = network_.extract(network_.begin()).mapped();
      (void)act(one.to, [&](Peer& peer, Instant now, Outbox& out) {
        peer.on_datagram(now, {one.destination, one.source, one.payload}, out);
        return 0;
      });
    } else {
      for (const std::size_t peer : {std::size_t{0}, std::size_t{1}})
        (void)act(peer, [](Peer& p, Instant now, Outbox& out) {
          p.on_deadline(now, out);
          return 0;
        });
    }
  }
  void carry(std::size_t from, Outbox& out) {
    for (SignalingMessage& message : peers_[from].take_signaling()) {
      if (alter_)
        alter_(message);
      signaling_.insert({{now_ + kSignalingDelay, order_++}, {1 - from, std::move(message)}});
    }
    out.take_datagrams([&](const Datagram& datagram) {
      transcript_ += std::to_string(now_.time_since_epoch().count()) + " " +
                     to_string(datagram.local) + " " + to_hex(datagram.payload) + "\n";
      if (datagram.remote == endpoints_[1 - from] && (!passes_ || passes_(datagram, now_)))
        network_.insert({{now_ + kDelay, order_++},
                         {1 - from, datagram.local, datagram.remote, to_buffer(datagram.payload)}});
    });
  }

  std::vector<Peer> peers_;
  std::vector<Endpoint> endpoints_;
  trace::RecordList records_;
  Instant now_{};
  std::size_t order_ = 0;
  std::map<Key, InFlight> network_;
  std::map<Key, Told> signaling_;
  Passes passes_;
  std::function<void(SignalingMessage&)> alter_;
  std::string transcript_;
};

static_assert(Machine<Peer>);

bool is_dtls(const Datagram& datagram) {
  return classify_first_byte(datagram.payload) == PayloadClass::Dtls;
}

TEST(Peer, ConnectsThroughOfferAnswerIceAndDtls) {
  Call call;
  EXPECT_EQ(call.alice().ice_state(), IceState::New);
  EXPECT_EQ(call.alice().dtls_state(), DtlsState::None);
  call.offer();
  ASSERT_TRUE(call.connect(seconds(1)));
  EXPECT_EQ(call.alice().ice_agent()->role(), trace::IceRole::Controlling);
  EXPECT_EQ(call.bob().ice_agent()->role(), trace::IceRole::Controlled);
  EXPECT_EQ(call.alice().dtls_transport()->role(), dtls::Role::Server);
  EXPECT_EQ(call.bob().dtls_transport()->role(), dtls::Role::Client);
  EXPECT_EQ(call.alice().dtls_transport()->negotiated().peer_fingerprint,
            to_string(call.bob().fingerprint()));
  EXPECT_EQ(call.alice().dtls_transport()->srtp_keys().client_key,
            call.bob().dtls_transport()->srtp_keys().client_key);
  EXPECT_FALSE(call.alice().dtls_transport()->srtp_keys().client_key.empty());
}

TEST(Peer, TellsOfferThenCandidatesThenTheirEnd) {
  Call call;
  call.offer();
  ASSERT_TRUE(call.connect());
  std::vector<std::string> alice, bob;
  for (const auto& sent : call.events<trace::SignalingSent>(0))
    alice.push_back(sent.kind);
  for (const auto& sent : call.events<trace::SignalingSent>(1))
    bob.push_back(sent.kind);
  EXPECT_THAT(alice, ElementsAre("offer", "candidate", "end-of-candidates"));
  EXPECT_THAT(bob, ElementsAre("answer", "candidate", "end-of-candidates"));
  EXPECT_EQ(call.events<trace::SignalingSent>(0)[1].content,
            call.events<trace::SignalingReceived>(1)[1].content);
  EXPECT_THAT(call.events<trace::SignalingSent>(0)[1].content,
              testing::MatchesRegex("candidate:.* 1 udp .* 192.0.2.1 5000 typ host"));
}

TEST(Peer, OfferSaysActpassAndAnswerSaysActive) {
  Call call;
  std::vector<session::Setup> setups;
  call.alter_signaling([&](SignalingMessage& message) {
    if (const auto* description = std::get_if<Description>(&message); description != nullptr)
      setups.push_back(description->setup);
  });
  call.offer();
  ASSERT_TRUE(call.connect());
  EXPECT_THAT(setups, ElementsAre(session::Setup::ActPass, session::Setup::Active));
}

TEST(Peer, IsTheDtlsServerWhenItsAnswerSaysPassive) {
  Call call(1, [](PeerConfig&, PeerConfig& bob) { bob.answer_setup = session::Setup::Passive; });
  call.offer();
  ASSERT_TRUE(call.connect());
  EXPECT_EQ(call.alice().dtls_transport()->role(), dtls::Role::Client);
  EXPECT_EQ(call.bob().dtls_transport()->role(), dtls::Role::Server);
}

// RFC 8842 section 5.3: whatever the answerer prefers, it takes the other side of a fixed offer.
TEST(Peer, TakesTheOtherSideOfAnOfferThatAlreadyChose) {
  for (const session::Setup offered : {session::Setup::Active, session::Setup::Passive}) {
    Call call;
    call.alter_signaling([&](SignalingMessage& message) {
      if (auto* description = std::get_if<Description>(&message);
          description != nullptr && description->kind == DescriptionKind::Offer)
        description->setup = offered;
    });
    call.offer();
    ASSERT_TRUE(call.connect());
    EXPECT_EQ(call.bob().dtls_transport()->role(),
              offered == session::Setup::Active ? dtls::Role::Server : dtls::Role::Client);
  }
}

TEST(Peer, RefusesAnAnswerThatDoesNotChoose) {
  Call call;
  std::size_t refused = 0;
  call.alter_signaling([](SignalingMessage& message) {
    if (auto* description = std::get_if<Description>(&message);
        description != nullptr && description->kind == DescriptionKind::Answer)
      description->setup = session::Setup::ActPass;
  });
  call.offer();
  EXPECT_FALSE(call.connect(seconds(2)));
  EXPECT_EQ(call.alice().dtls_transport(), nullptr);
  const auto outcome = call.act(0, [](Peer& peer, Instant now, Outbox& out) {
    Description answer{DescriptionKind::Answer, "abcd", "0123456789abcdef012345",
                       crypto::Fingerprint::of({}), session::Setup::ActPass};
    return peer.on_signaling(now, answer, out);
  });
  refused += outcome.has_value() ? 0U : 1U;
  ASSERT_EQ(refused, 1U);
  EXPECT_EQ(outcome.error(), SignalingError::BadSetup);
}

TEST(Peer, RefusesDescriptionsOutOfTurnAndMalformedOnes) {
  Call call;
  const auto signal = [&](std::size_t peer, const SignalingMessage& message) {
    return call.act(
        peer, [&](Peer& p, Instant now, Outbox& out) { return p.on_signaling(now, message, out); });
  };
  Description description{DescriptionKind::Answer, "abcd", "0123456789abcdef012345",
                          crypto::Fingerprint::of({}), session::Setup::Active};
  EXPECT_EQ(signal(1, description).error(), SignalingError::WrongState);
  description.kind = DescriptionKind::Offer;
  description.ufrag = "a";
  EXPECT_EQ(signal(1, description).error(), SignalingError::BadCredentials);
  description.ufrag = "abcd";
  description.fingerprint.algorithm = "md5";
  EXPECT_EQ(signal(1, description).error(), SignalingError::BadFingerprint);
  description.fingerprint.algorithm = "sha-256";
  EXPECT_TRUE(signal(1, description).has_value());
  EXPECT_EQ(signal(1, description).error(), SignalingError::WrongState);
}

TEST(Peer, KeepsABoundedNumberOfCandidatesThatCameBeforeTheirDescription) {
  Call call;
  const auto tell = [&] {
    return call.act(1, [](Peer& peer, Instant now, Outbox& out) {
      return peer.on_signaling(
          now, *parse_candidate_line("candidate:1 1 udp 1 192.0.2.9 1 typ host"), out);
    });
  };
  for (std::size_t i = 0; i < Peer::kMaxEarlyCandidates; ++i)
    EXPECT_TRUE(tell().has_value());
  EXPECT_EQ(tell().error(), SignalingError::TooMany);
}

TEST(Peer, ConnectsWhenCandidatesOvertakeTheOffer) {
  Call call;
  std::vector<SignalingMessage> messages;
  Outbox out;
  ASSERT_TRUE(call.alice().create_offer(call.now(), out).has_value());
  messages = call.alice().take_signaling();
  ASSERT_GE(messages.size(), 2U);
  std::rotate(messages.begin(), messages.begin() + 1, messages.end());
  for (const SignalingMessage& message : messages)
    EXPECT_TRUE(call.act(1, [&](Peer& peer, Instant now,
                                Outbox& o) { return peer.on_signaling(now, message, o); })
                    .has_value());
  EXPECT_TRUE(call.connect());
}

TEST(Peer, DiscardsACandidateOfAnotherGeneration) {
  Call call;
  call.alter_signaling([](SignalingMessage& message) {
    if (auto* candidate = std::get_if<SignaledCandidate>(&message); candidate != nullptr)
      candidate->ufrag = "else";
  });
  call.offer();
  EXPECT_FALSE(call.connect(seconds(5)));
  EXPECT_FALSE(call.events<trace::StackDiscarded>(0).empty());
}

TEST(Peer, StartsDtlsOnTheFirstValidPairBeforeNomination) {
  Call call(1, [](PeerConfig& alice, PeerConfig&) {
    alice.ice.nomination_delay = seconds(2);
    alice.ice.nomination = trace::Nomination::Regular;
  });
  call.offer();
  ASSERT_TRUE(call.run_until([&] { return call.bob().dtls_state() == DtlsState::Handshaking; },
                             seconds(2)));
  // The controlled agent has a valid pair, and nobody has told it that it is nominated.
  EXPECT_FALSE(call.bob().ice_agent()->selected_pair().has_value());
  EXPECT_TRUE(call.connect());
}

// The peer's check succeeds first; its ClientHello comes while ours is still on its way.
TEST(Peer, KeepsAnEarlyClientHelloUntilThePairIsValid) {
  Call call;
  bool alices_answers_pass = false;
  Instant first_hello = kNever;
  call.set_passes([&](const Datagram& datagram, Instant now) {
    const bool by_bob = datagram.local == *Endpoint::parse("192.0.2.2:6000");
    if (is_dtls(datagram)) {
      first_hello = std::min(first_hello, now);
      return true;
    }
    // Bob's responses to Alice's checks are lost for a while: class 10 of RFC 8489 section 5.
    const bool response = (load_u16(datagram.payload.data()) & 0x0110U) == 0x0100U;
    return !by_bob || !response || alices_answers_pass;
  });
  call.offer();
  ASSERT_TRUE(call.run_until([&] { return first_hello != kNever; }, seconds(5)));
  call.run_for(milliseconds(100));
  EXPECT_EQ(call.alice().dtls_state(), DtlsState::None);
  alices_answers_pass = true;
  ASSERT_TRUE(call.connect());
  // The first ClientHello was used: Bob did not have to repeat it after its second.
  EXPECT_LT(call.now() - first_hello, seconds(1));
}

// Conformance: a ClientHello from an address that is no validated pair never reaches DTLS.
TEST(Peer, DropsAClientHelloFromAStrangerWithoutHarm) {
  Call call;
  call.offer();
  ASSERT_TRUE(call.run_until([&] { return call.alice().ice_agent() != nullptr; }, seconds(1)));
  ByteBuffer hello =
      *parse_hex("16feff000000000000000000200100001400000000000000140102030405060708");
  hello.resize(45);
  const Endpoint stranger = *Endpoint::parse("203.0.113.66:666");
  for (std::size_t i = 0; i < 3 * Peer::kMaxEarlyDatagrams; ++i)
    (void)call.act(0, [&](Peer& peer, Instant now, Outbox& out) {
      peer.on_datagram(now, {*Endpoint::parse("192.0.2.1:5000"), stranger, hello}, out);
      EXPECT_TRUE(out.empty());
      return 0;
    });
  EXPECT_THAT(call.events<trace::StackDiscarded>(0), SizeIs(2 * Peer::kMaxEarlyDatagrams));
  EXPECT_EQ(call.alice().dtls_state(), DtlsState::None);
  ASSERT_TRUE(call.connect());
  EXPECT_EQ(call.alice().dtls_transport()->counters().retransmissions, 0U);
}

TEST(Peer, TearsDtlsDownWhenSignalingWasTamperedWith) {
  Call call;
  call.alter_signaling([](SignalingMessage& message) {
    if (auto* description = std::get_if<Description>(&message);
        description != nullptr && description->kind == DescriptionKind::Offer)
      description->fingerprint = crypto::Fingerprint::of(as_bytes("a man in the middle"));
  });
  call.offer();
  EXPECT_FALSE(call.connect(seconds(5)));
  EXPECT_EQ(call.bob().dtls_state(), DtlsState::Failed);
  EXPECT_EQ(call.bob().dtls_transport()->failure(),
            "the peer's certificate does not match the fingerprint that was signaled");
  EXPECT_EQ(call.alice().dtls_state(), DtlsState::Failed);
  EXPECT_TRUE(call.events<trace::DtlsConnected>(1).empty());
}

TEST(Peer, LogsOneMasterSecretThatBothSidesAgreeOn) {
  Call call;
  call.offer();
  ASSERT_TRUE(call.connect());
  const auto alice = call.alice().take_keylog_lines();
  ASSERT_THAT(alice, SizeIs(1));
  EXPECT_THAT(alice[0], testing::StartsWith("CLIENT_RANDOM "));
  EXPECT_EQ(alice, call.bob().take_keylog_lines());
  EXPECT_TRUE(call.alice().take_keylog_lines().empty());
}

TEST(Peer, ClosesWithCloseNotifyAndStaysSilent) {
  Call call;
  call.offer();
  ASSERT_TRUE(call.connect());
  (void)call.act(0, [](Peer& peer, Instant now, Outbox& out) {
    peer.close(now, out);
    return 0;
  });
  call.run_for(seconds(1));
  EXPECT_EQ(call.alice().dtls_state(), DtlsState::Closed);
  EXPECT_EQ(call.alice().ice_state(), IceState::Closed);
  EXPECT_EQ(call.alice().next_deadline(), kNever);
  EXPECT_EQ(call.bob().dtls_state(), DtlsState::Closed);
}

TEST(Peer, StopsSendingDtlsWhenConsentIsLost) {
  Call call;
  call.offer();
  ASSERT_TRUE(call.connect());
  call.set_passes([](const Datagram&, Instant) { return false; });
  call.run_for(seconds(60));
  EXPECT_EQ(call.alice().ice_state(), IceState::Failed);
  (void)call.act(0, [](Peer& peer, Instant now, Outbox& out) {
    (void)peer.dtls_transport()->send_application_data(now, as_bytes("late"), out);
    EXPECT_TRUE(out.empty());
    return 0;
  });
}

std::string transcript_of(std::uint64_t seed) {
  Call call(seed);
  call.offer();
  EXPECT_TRUE(call.connect());
  std::string text = call.transcript();
  for (const std::string& line : call.alice().take_keylog_lines())
    text += line;
  return text;
}

TEST(Peer, RepeatsByteForByteWithTheSameSeedAndNotWithAnother) {
  EXPECT_EQ(transcript_of(3), transcript_of(3));
  EXPECT_NE(transcript_of(3), transcript_of(4));
}

}  // namespace
}  // namespace parley::session
