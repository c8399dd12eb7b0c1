#include "sim/run.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "sim/host.h"
#include "sim/nat.h"
#include "sim/router.h"
#include "sim/signaling.h"
#include "sim/tap.h"
#include "sim/topology.h"
#include "sim/world.h"
#include "stack/base/bytes.h"
#include "stack/stun/server.h"
#include "stack/trace/json.h"

namespace parley::sim {
namespace {

constexpr std::uint16_t kFirstPeerPort = 50000;

// A file, or standard output, that says why it cannot be written.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path)
      : path_(path), file_(path == kStandardOutput ? stdout : std::fopen(path.c_str(), "wb")) {
    check(file_ != nullptr);
  }
  ~OutputFile() {
    if (file_ != nullptr && file_ != stdout)
      std::fclose(file_);
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(Bytes bytes) {
    check(std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size());
  }
  void close() {
    std::FILE* file = std::exchange(file_, nullptr);
    check(file == stdout ? std::fflush(file) == 0 : std::fclose(file) == 0);
  }

 private:
  void check(bool good) const {
    if (!good)
      throw OutputError(
          "cannot write " +
          (path_ == kStandardOutput ? std::string("standard output") : printable(path_.string())) +
          ": " + std::strerror(errno));
  }
  std::filesystem::path path_;
  std::FILE* file_;
};

void write_file(const std::filesystem::path& path, Bytes bytes) {
  OutputFile file(path);
  file.write(bytes);
  file.close();
}

std::string keys_log(const RunResult& result) {
  std::string text;
  for (const std::string& line : result.keylog)
    text.append(line).append("\n");
  return text;
}

std::vector<IpAddress> plain(const std::vector<InterfaceAddress>& addresses) {
  std::vector<IpAddress> result;
  result.reserve(addresses.size());
  for (const InterfaceAddress& a : addresses)
    result.push_back(a.address);
  return result;
}

// Everything that lives for one run.
class Runner {
 public:
  Runner(const Scenario& scenario, const RunOptions& options)
      : scenario_(scenario),
        options_(options),
        topology_(build_topology(scenario)),
        seed_(options.seed.value_or(scenario.seed)),
        tap_("scenario " + scenario.name + ", seed " + std::to_string(seed_) +
             ", simulated by Parley"),
        world_(seed_, {scenario.limits.events, scenario.limits.packets}, records_, &tap_) {
    result_.seed = seed_;
    result_.domains = Domains(scenario, topology_);
    for (const NodeSpec& node : scenario.nodes)
      result_.nodes.push_back(node.name);
    open_captures();
    for (std::uint32_t i = 0; i < scenario.nodes.size(); ++i)
      add_node(i);
    for (const LinkSpec& link : scenario.links)
      world_.connect(link.name, NodeId{link.ends[0].node}, NodeId{link.ends[1].node}, link.forward,
                     link.backward);
    for (const CallSpec& call : scenario.calls)
      add_call(call);
  }

  RunResult run() {
    const Instant end{scenario_.duration};
    try {
      world_.run_until(end);
    } catch (const LimitExceeded& limit) {
      throw ScenarioError(scenario_.file, {}, limit.what());
    }
    tap_.finish();
    result_.events = world_.events();
    result_.packets = world_.packets();
    result_.simulated = scenario_.duration;
    result_.records = records_.records();
    for (const Expectation& e : scenario_.expectations)
      result_.expectations.push_back(judge(e, actor_of(e.peer), result_.records, end));
    write_outputs();
    return std::move(result_);
  }

 private:
  trace::ActorId actor_of(const std::string& name) const {
    const auto at = std::find(result_.nodes.begin(), result_.nodes.end(), name);
    return trace::ActorId{static_cast<std::uint32_t>(at - result_.nodes.begin())};
  }

  std::vector<std::string> wanted_points() const {
    const std::vector<std::string> all = capture_points(scenario_);
    if (options_.capture.empty())
      return scenario_.capture_at.value_or(all);
    for (const std::string& name : options_.capture) {
      if (std::find(all.begin(), all.end(), name) != all.end())
        continue;
      std::string known;
      for (const std::string& point : all)
        known.append(known.empty() ? "" : ", ").append(point);
      std::string message = "there is no capture point '";
      message.append(name).append("'; there are ").append(known);
      throw std::invalid_argument(message);
    }
    // In the order of the file, each once.
    std::vector<std::string> wanted;
    for (const std::string& point : all)
      if (std::find(options_.capture.begin(), options_.capture.end(), point) !=
          options_.capture.end())
        wanted.push_back(point);
    return wanted;
  }

  void open_captures() {
    if (!options_.directory.empty()) {
      std::error_code error;
      std::filesystem::create_directories(options_.directory, error);
      if (error)
        throw OutputError("cannot make the directory " + printable(options_.directory.string()) +
                          ": " + error.message());
    }
    const std::vector<std::string> names = wanted_points();
    result_.captures.resize(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      RunCapture& capture = result_.captures[i];
      capture.point = names[i];
      if (!options_.directory.empty()) {
        result_.files.push_back(names[i] + ".pcapng");
        capture.file = options_.directory / result_.files.back();
        files_.push_back(std::make_unique<OutputFile>(capture.file));
      }
      tap_.add_point(names[i], point_consumer(i));
    }
    if (!options_.pcap.empty()) {
      files_.push_back(std::make_unique<OutputFile>(options_.pcap));
      OutputFile* file = files_.back().get();
      tap_.set_common_file([file](Bytes bytes) { file->write(bytes); });
    }
  }

  ByteConsumer point_consumer(std::size_t index) {
    OutputFile* file = options_.directory.empty() ? nullptr : files_.back().get();
    if (file == nullptr && !options_.keep_captures)
      return {};
    return [this, index, file](Bytes bytes) {
      if (file != nullptr)
        file->write(bytes);
      if (options_.keep_captures) {
        ByteBuffer& kept = result_.captures[index].bytes;
        kept.insert(kept.end(), bytes.begin(), bytes.end());
      }
    };
  }

  PointId point(const std::string& name) const {
    for (std::size_t i = 0; i < result_.captures.size(); ++i)
      if (result_.captures[i].point == name)
        return PointId{static_cast<std::uint32_t>(i)};
    return kNoPoint;
  }

  void add_node(std::uint32_t index) {
    const NodeSpec& spec = scenario_.nodes[index];
    const NodeId id{index};
    switch (spec.kind) {
      case NodeKind::Host:
      case NodeKind::Server:
        add_host(spec, id);
        break;
      case NodeKind::Router:
        world_.add(std::make_unique<Router>(id, spec.name, plain(spec.addresses),
                                            topology_.nodes[index].routes,
                                            topology_.nodes[index].neighbours));
        break;
      case NodeKind::Nat:
        add_nat(spec, id);
        break;
    }
  }

  void add_host(const NodeSpec& spec, NodeId id) {
    auto host = std::make_unique<Host>(id, spec.name, plain(spec.addresses), point(spec.name),
                                       world_.sink());
    host->set_neighbours(topology_.nodes[id.value()].neighbours);
    if (!spec.stun_ports.empty()) {
      std::vector<Endpoint> sockets;
      for (const InterfaceAddress& a : spec.addresses)
        for (const std::uint16_t port : spec.stun_ports)
          sockets.push_back({a.address, port});
      host->install(std::make_unique<MachineApplication<stun::Server>>(stun::Server{}),
                    std::move(sockets));
    }
    hosts_.resize(id.value() + 1);
    hosts_[id.value()] = host.get();
    world_.add(std::move(host));
  }

  void add_nat(const NodeSpec& spec, NodeId id) {
    const TopologyNode& node = topology_.nodes[id.value()];
    NatSetup setup;
    setup.id = id;
    setup.name = spec.name;
    setup.inside = plain(spec.inside);
    setup.outside = plain(spec.outside);
    setup.policy = spec.nat;
    for (const TopologyPort& port : node.ports)
      setup.port_is_inside.push_back(port.side == NatSide::Inside);
    setup.outside_port = node.outside_port;
    setup.inside_routes = node.routes;
    setup.inside_neighbours = node.neighbours;
    setup.outside_neighbours = node.outside_neighbours;
    setup.inside_point = point(spec.name + ".inside");
    setup.outside_point = point(spec.name + ".outside");
    world_.add(std::make_unique<Nat>(std::move(setup), world_.random(spec.name).split("nat")));
  }

  void add_call(const CallSpec& call) {
    const auto id = static_cast<std::uint32_t>(scenario_.nodes.size() + result_.calls.size());
    auto signaling =
        std::make_unique<Signaling>(NodeId{id}, call.signaling_delay, Instant{call.start});
    RunCall& result = result_.calls.emplace_back();
    result.name = call.name;
    for (std::size_t side = 0; side < 2; ++side) {
      // The offerer is side 0.
      const PeerSpec& spec = call.peers[side == 0 ? call.offerer : 1 - call.offerer];
      result.peers[side] = trace::ActorId{spec.node};
      signaling->attach(side, add_peer(call, spec, *signaling, side));
    }
    world_.add(std::move(signaling));
    world_.wake(NodeId{id}, Instant{call.start});
  }

  Signaling::End add_peer(const CallSpec& call, const PeerSpec& spec, Signaling& signaling,
                          std::size_t side) {
    const NodeSpec& node = scenario_.nodes[spec.node];
    session::PeerConfig config;
    config.actor = trace::ActorId{spec.node};
    for (std::size_t i = 0; i < node.addresses.size(); ++i)
      config.host_endpoints.push_back(
          {node.addresses[i].address, static_cast<std::uint16_t>(kFirstPeerPort + i)});
    config.stun_servers = spec.stun_servers;
    config.ice.pacing = spec.ice_pacing;
    config.ice.nomination = spec.nomination;
    config.ice.consent = spec.consent;
    config.dtls.mtu = spec.dtls_mtu;
    config.dtls.initial_timeout = spec.dtls_initial_timeout;
    config.dtls.hello_verify = spec.dtls_hello_verify;
    config.answer_setup = call.answer_passive ? session::Setup::Passive : session::Setup::Active;
    config.certificate_time = std::chrono::duration_cast<std::chrono::seconds>(kSimulatedEpoch);
    const std::vector<Endpoint> sockets = config.host_endpoints;
    auto application = std::make_unique<PeerApplication>(
        session::Peer(std::move(config), world_.random(node.name)), signaling, side,
        result_.keylog);
    Signaling::End end{NodeId{spec.node}, hosts_[spec.node], application.get()};
    end.host->install(std::move(application), sockets);
    return end;
  }

  void write_outputs() {
    for (std::size_t i = 0; i < result_.captures.size(); ++i)
      result_.captures[i].packets = tap_.packets(PointId{static_cast<std::uint32_t>(i)});
    for (const std::unique_ptr<OutputFile>& file : files_)
      file->close();
    std::vector<std::filesystem::path> keys;
    std::vector<std::filesystem::path> events;
    if (!options_.directory.empty()) {
      for (const char* name : {"keys.log", "events.jsonl"})
        result_.files.emplace_back(name);
      keys.push_back(options_.directory / "keys.log");
      events.push_back(options_.directory / "events.jsonl");
    }
    if (!options_.keys.empty())
      keys.push_back(options_.keys);
    if (!options_.events.empty())
      events.push_back(options_.events);
    const std::string key_text = keys.empty() ? std::string() : keys_log(result_);
    for (const std::filesystem::path& path : keys)
      write_file(path, as_bytes(key_text));
    const std::string event_text = events.empty() ? std::string() : events_jsonl(result_);
    for (const std::filesystem::path& path : events)
      write_file(path, as_bytes(event_text));
  }

  const Scenario& scenario_;
  const RunOptions& options_;
  Topology topology_;
  std::uint64_t seed_;
  RunResult result_;
  trace::RecordList records_;
  std::vector<std::unique_ptr<OutputFile>> files_;
  Tap tap_;
  World world_;
  std::vector<Host*> hosts_;  // by node; null for routers and NATs
};

}  // namespace

RunResult run(const Scenario& scenario, const RunOptions& options) {
  return Runner(scenario, options).run();
}

std::vector<std::string> capture_points(const Scenario& scenario) {
  std::vector<std::string> points;
  for (const NodeSpec& node : scenario.nodes) {
    switch (node.kind) {
      case NodeKind::Host:
      case NodeKind::Server:
        points.push_back(node.name);
        break;
      case NodeKind::Nat:
        points.push_back(node.name + ".inside");
        points.push_back(node.name + ".outside");
        break;
      case NodeKind::Router:
        break;
    }
  }
  return points;
}

std::string events_jsonl(const RunResult& result) {
  std::string text;
  for (const trace::Record& record : result.records)
    text += trace::to_json_line(record, result.nodes[record.actor.value()]) + "\n";
  return text;
}

}  // namespace parley::sim
