// The transport over a real UDP socket on loopback against OpenSSL's own programs, in real time.

#include <cctype>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stack/crypto/certificate_handles.h"
#include "stack/dtls/transport.h"

namespace parley::dtls {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kSrtpGcmMaterial = std::size_t{2} * (16 + 12);

// A child process with its standard input and output; killed by its own id at the end.
class Program {
 public:
  explicit Program(std::vector<std::string> words) {
    int in[2], out[2];
    EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, out[1], 2);
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words)
      arguments.push_back(word.data());
    arguments.push_back(nullptr);
    EXPECT_EQ(posix_spawnp(&id_, arguments[0], &actions, nullptr, arguments.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    output_ = out[0];
    EXPECT_EQ(fcntl(output_, F_SETFL, O_NONBLOCK), 0);
  }
  ~Program() {
    if (id_ > 0) {
      kill(id_, SIGKILL);
      waitpid(id_, nullptr, 0);
    }
    ::close(input_);
    ::close(output_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void write(std::string_view text) {
    EXPECT_EQ(::write(input_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  const std::string& output() {
    char buffer[4096];
    for (ssize_t size = 0; (size = ::read(output_, buffer, sizeof buffer)) > 0;)
      text_.append(buffer, static_cast<std::size_t>(size));
    return text_;
  }

 private:
  pid_t id_ = -1;
  int input_ = -1, output_ = -1;
  std::string text_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const sockaddr_in any = loopback(0);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Endpoint local() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return {IpAddress::v4(INADDR_LOOPBACK), ntohs(address.sin_port)};
  }
  void send(const Datagram& datagram) const {
    const sockaddr_in to = loopback(datagram.remote.port);
    // A refusal (nobody listens yet) is a loss like any other.
    (void)sendto(fd_, datagram.payload.data(), datagram.payload.size(), 0,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  // The next datagram, or an empty one when none came in time.
  std::pair<Endpoint, ByteBuffer> receive(milliseconds wait) const {
    pollfd waiting{fd_, POLLIN, 0};
    (void)poll(&waiting, 1, static_cast<int>(wait.count()));
    ByteBuffer buffer(65536);
    sockaddr_in from{};
    socklen_t from_size = sizeof from;
    const ssize_t size = recvfrom(fd_, buffer.data(), buffer.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from), &from_size);
    buffer.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return {{IpAddress::v4(INADDR_LOOPBACK), ntohs(from.sin_port)}, buffer};
  }

 private:
  int fd_;
};

std::uint16_t free_port() {
  return Socket().local().port;
}

class OpensslPrograms : public testing::Test {
 protected:
  OpensslPrograms()
      : generator(1, "interop"),
        ours(crypto::Certificate::make(generator, std::chrono::seconds(1'704'067'200))),
        theirs(crypto::Certificate::make(generator, std::chrono::seconds(1'704'067'200))) {}

  void SetUp() override {
    const auto name = testing::UnitTest::GetInstance()->current_test_info()->name();
    directory = std::filesystem::path(PARLEY_BINARY_DIR) / ("dtls_interop_" + std::string(name));
    std::filesystem::create_directories(directory);
    const auto write = [](const std::filesystem::path& path, const std::function<int(FILE*)>& put) {
      FILE* file = std::fopen(path.c_str(), "w");
      ASSERT_NE(file, nullptr);
      EXPECT_EQ(put(file), 1);
      EXPECT_EQ(std::fclose(file), 0);
    };
    write(certificate_path(),
          [this](FILE* file) { return PEM_write_X509(file, theirs.handles().certificate.get()); });
    write(key_path(), [this](FILE* file) {
      return PEM_write_PrivateKey(file, theirs.handles().key.get(), nullptr, nullptr, 0, nullptr,
                                  nullptr);
    });
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  std::string certificate_path() const { return directory / "certificate.pem"; }
  std::string key_path() const { return directory / "key.pem"; }
  std::vector<std::string> command(std::vector<std::string> words) const {
    std::vector<std::string> all = {"openssl"};
    all.insert(all.end(), words.begin(), words.end());
    for (const std::string& word : std::vector<std::string>{
             "-dtls1_2", "-cert", certificate_path(), "-key", key_path(), "-use_srtp",
             "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80", "-keymatexport", "EXTRACTOR-dtls_srtp",
             "-keymatexportlen", std::to_string(kSrtpGcmMaterial)})
      all.push_back(word);
    return all;
  }
  TransportConfig config(Role role) const {
    TransportConfig config;
    config.role = role;
    config.initial_timeout = milliseconds(100);
    config.expected_fingerprints = {theirs.fingerprint()};
    return config;
  }
  static Instant now() {
    return Instant(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
  }
  // Runs `transport` over `socket` until `done` or for ten seconds.
  static bool drive(Transport& transport, const Socket& socket, const std::function<bool()>& done) {
    const Instant limit = now() + seconds(10);
    Outbox out;
    while (!done()) {
      if (now() > limit)
        return false;
      const auto [from, payload] = socket.receive(milliseconds(20));
      if (!payload.empty()) {
        transport.set_path(socket.local(), from);
        transport.on_datagram(now(), {socket.local(), from, payload}, out);
      }
      transport.on_deadline(now(), out);
      out.take_datagrams([&](const Datagram& datagram) { socket.send(datagram); });
    }
    return true;
  }
  static void send(Transport& transport, const Socket& socket, std::string_view text) {
    Outbox out;
    EXPECT_TRUE(transport.send_application_data(now(), as_bytes(text), out));
    out.take_datagrams([&](const Datagram& datagram) { socket.send(datagram); });
  }
  // The program prints what it exported in upper case.
  static std::string exported(const Transport& transport) {
    std::string text =
        to_hex(transport.export_keying_material("EXTRACTOR-dtls_srtp", kSrtpGcmMaterial));
    for (char& c : text)
      c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
  }
  static void exchange(Transport& transport, const Socket& socket, Program& program) {
    EXPECT_EQ(transport.negotiated().version, "DTLS 1.2");
    EXPECT_EQ(transport.negotiated().srtp_profile, "SRTP_AEAD_AES_128_GCM");
    send(transport, socket, "from the transport\n");
    program.write("from the program\n");
    std::string received;
    EXPECT_TRUE(drive(transport, socket,
                      [&] {
                        for (const ByteBuffer& data : transport.take_application_data())
                          received += as_text(data);
                        return received.find("from the program") != std::string::npos &&
                               program.output().find("from the transport") != std::string::npos;
                      }))
        << "received: " << received << "\nprogram: " << program.output();
    EXPECT_THAT(program.output(), testing::HasSubstr("Keying material: " + exported(transport)));
  }

  SeededRandom generator;
  crypto::Certificate ours, theirs;
  std::filesystem::path directory;
};

TEST_F(OpensslPrograms, ServerTalksWithOurClient) {
  const std::uint16_t port = free_port();
  Program program(
      command({"s_server", "-accept", "127.0.0.1:" + std::to_string(port), "-Verify", "1"}));
  const Socket socket;
  Transport transport(trace::ActorId{0}, config(Role::Client), ours, generator);
  transport.set_path(socket.local(), {IpAddress::v4(INADDR_LOOPBACK), port});
  Outbox out;
  transport.start(now(), out);
  out.take_datagrams([&](const Datagram& datagram) { socket.send(datagram); });
  ASSERT_TRUE(drive(transport, socket, [&] {
    return transport.state() != trace::DtlsState::Handshaking;
  })) << program.output();
  ASSERT_EQ(transport.state(), trace::DtlsState::Connected) << transport.failure() << "\n"
                                                            << program.output();
  exchange(transport, socket, program);
}

TEST_F(OpensslPrograms, ClientTalksWithOurServer) {
  const Socket socket;
  Transport transport(trace::ActorId{0}, config(Role::Server), ours, generator);
  Outbox out;
  transport.start(now(), out);
  Program program(
      command({"s_client", "-connect", "127.0.0.1:" + std::to_string(socket.local().port)}));
  ASSERT_TRUE(drive(transport, socket, [&] {
    return transport.state() != trace::DtlsState::Handshaking;
  })) << program.output();
  ASSERT_EQ(transport.state(), trace::DtlsState::Connected) << transport.failure() << "\n"
                                                            << program.output();
  exchange(transport, socket, program);
}

}  // namespace
}  // namespace parley::dtls
