// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/registry_link.hpp"

#include "weir/codec/base64.hpp"
#include "weir/codec/json.hpp"
#include "weir/connectors/http/client.hpp"
#include "weir/connectors/net/url.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace weir::kafka {

namespace {

using namespace std::chrono_literals;

// The API's own names.
struct reference {
  std::string name;
  std::string subject;
  std::int64_t version = 0;
};
BOOST_DESCRIBE_STRUCT(reference, (), (name, subject, version))

struct schema_answer {
  std::string schema;
  std::optional<std::string> schemaType;
  std::optional<std::vector<reference>> references;
  std::optional<std::int64_t> version;
};
BOOST_DESCRIBE_STRUCT(schema_answer, (), (schema, schemaType, references, version))

struct schema_request {
  std::string schema;
};
BOOST_DESCRIBE_STRUCT(schema_request, (), (schema))

struct id_answer {
  std::uint32_t id = 0;
};
BOOST_DESCRIBE_STRUCT(id_answer, (), (id))

struct compatibility_answer {
  bool is_compatible = false;
  std::optional<std::string> reason;
  std::optional<std::vector<std::string>> messages;
};
BOOST_DESCRIBE_STRUCT(compatibility_answer, (), (is_compatible, reason, messages))

struct error_answer {
  std::optional<std::string> message;
};
BOOST_DESCRIBE_STRUCT(error_answer, (), (message))

constexpr auto remembered_as_missing = 10s;
constexpr std::size_t deepest = 16;

http::client_options client_options_for(const schema_registry& at) {
  http::client_options o;
  o.connections = 1;
  o.timeout = at.timeout;
  o.largest_body = 16 << 20;
  o.tls_authorities = at.authorities;
  if (at.user.empty() && at.password.empty()) return o;
  const std::string login = at.user + ":" + at.password.reveal();
  std::string value = "Basic ";
  write_base64(as_bytes(login), value);
  o.headers.emplace_back("Authorization", std::move(value));
  return o;
}

}  // namespace

class registry_link::inside {
public:
  explicit inside(schema_registry at) : at_(std::move(at)) {
    auto parts = net::url::parse(at_.url);
    if (!parts || (parts->scheme != "http" && parts->scheme != "https"))
      throw exception({errc::invalid_argument,
                       "kafka: the schema registry's URL is not of the form http://host:port"});
    base_ = parts->scheme + "://" + parts->host;
    if (parts->port) base_ += ":" + std::to_string(*parts->port);
    path_ = parts->path;
    while (path_.ends_with('/')) path_.pop_back();
    if (at_.user.empty() && !parts->user.empty()) {
      at_.user = parts->user;
      at_.password = secret::of(parts->password);
    }
  }

  result<avro::schema> schema_of(std::uint32_t id) {
    const std::lock_guard lock{mutex_};
    if (const auto known = known_.find(id); known != known_.end()) return known->second;
    const auto now = std::chrono::steady_clock::now();
    const auto missing = missing_.find(id);
    if (missing != missing_.end() && now < missing->second) return no_schema(id);
    const auto until = now + at_.patience;
    result<http::response> got = failure("");
    while (true) {
      got = ask("GET", "/schemas/ids/" + std::to_string(id));
      if (got && got->status < 500 && got->status != 429) break;
      if (std::chrono::steady_clock::now() >= until)
        throw cannot_go_on(got ? refused("schema " + std::to_string(id), *got) : got.error());
      std::this_thread::sleep_for(200ms);  // another process; there is nothing to wait on
    }
    if (got->status == 404) {
      missing_[id] = std::chrono::steady_clock::now() + remembered_as_missing;
      return no_schema(id);
    }
    if (got->status != 200) throw cannot_go_on(refused("schema " + std::to_string(id), *got));
    auto made = parse(got->body, "schema " + std::to_string(id));
    if (made) known_.emplace(id, *made);
    return made;
  }

  result<latest> latest_of(const std::string& topic) {
    const std::lock_guard lock{mutex_};
    const std::string subject = subject_of(topic);
    auto got = ask("GET", "/subjects/" + escaped(subject) + "/versions/latest");
    if (!got) return got.error();
    if (got->status == 404)
      return error{errc::not_found, "the subject '" + subject + "' has no schema"};
    if (got->status != 200) return refused("the subject '" + subject + "'", *got);
    auto made = parse(got->body, "the newest schema of '" + subject + "'");
    if (!made) return made.error();
    auto answer = from_json<schema_answer>(got->body);
    std::string name = "'" + subject + "'";
    if (answer && answer->version) name += " version " + std::to_string(*answer->version);
    return latest{*std::move(made), std::move(name)};
  }

  result<std::uint32_t> id_of(const std::string& topic, const std::string& schema) {
    const std::lock_guard lock{mutex_};
    const std::string subject = subject_of(topic);
    const auto known = ids_.find({subject, schema});
    if (known != ids_.end()) return known->second;
    const std::string body = to_json(schema_request{schema});
    if (at_.register_schemas && at_.check_at_start)
      if (auto fits = check(subject, body); !fits) return fits.error();
    std::string target = "/subjects/" + escaped(subject);
    if (at_.register_schemas) target += "/versions";
    auto got = ask("POST", target, body);
    if (!got) return got.error();
    if (got->status == 404 && !at_.register_schemas)
      return failure(
          "the subject '" + subject +
          "' does not have this schema; register it, or set register_schemas: " + schema);
    if (got->status != 200) return refused("the schema for '" + subject + "'", *got);
    auto answer = from_json<id_answer>(got->body);
    if (!answer) return failure("its answer is not understood: " + answer.error().message);
    ids_[{subject, schema}] = answer->id;
    return answer->id;
  }

  [[nodiscard]] const schema_registry& at() const noexcept { return at_; }

private:
  [[nodiscard]] error failure(const std::string& what, errc code = errc::io_failed) const {
    return {code, "schema registry " + base_ + path_ + ": " + what};
  }
  [[nodiscard]] error no_schema(std::uint32_t id) const {
    return failure("there is no schema " + std::to_string(id), errc::not_found);
  }
  [[nodiscard]] error refused(const std::string& what, const http::response& got) const {
    const auto body = from_json<error_answer>(got.body);
    std::string text = what + ": ";
    if (got.status == 401 || got.status == 403)
      text += "the login is refused";
    else
      text += body && body->message ? body->message->substr(0, 500) : "no reason is given";
    return failure(text + " (HTTP " + std::to_string(got.status) + ")");
  }
  [[nodiscard]] std::string subject_of(const std::string& topic) const {
    return at_.subject.empty() ? topic + "-value" : at_.subject;
  }
  static std::string escaped(const std::string& text) {
    std::string out;
    http::append_escaped(text, out);
    return out;
  }

  /// Waits for the answer; a request ends by itself within its timeout.
  result<http::response> ask(const std::string& method, const std::string& target,
                             const std::string& body = {}) {
    if (!client_) {
      executor_ = std::make_shared<thread_executor>();
      client_.emplace(base_, client_options_for(at_), executor_);
    }
    auto answer = std::make_shared<std::promise<result<http::response>>>();
    auto come = answer->get_future();
    client_->send({method, path_ + target, body, "application/vnd.schemaregistry.v1+json"},
                  [answer](result<http::response> r) { answer->set_value(std::move(r)); });
    auto got = come.get();
    if (!got) return failure(got.error().message);
    return got;
  }

  result<void> check(const std::string& subject, const std::string& body) {
    auto got =
        ask("POST", "/compatibility/subjects/" + escaped(subject) + "/versions/latest?verbose=true",
            body);
    if (!got) return got.error();
    if (got->status == 404) return {};
    if (got->status != 200) return refused("compatibility with '" + subject + "'", *got);
    const auto answer = from_json<compatibility_answer>(got->body);
    if (!answer) return failure("its answer is not understood: " + answer.error().message);
    if (answer->is_compatible) return {};
    std::string why = answer->reason.value_or("");
    if (answer->messages)
      for (const std::string& m : *answer->messages) why += (why.empty() ? "" : "; ") + m;
    return failure("the schema is not compatible with the newest one of '" + subject +
                       "': " + why.substr(0, 1000),
                   errc::incompatible);
  }

  result<avro::schema> parse(const std::string& body, const std::string& what) {
    const auto answer = from_json<schema_answer>(body);
    if (!answer) return failure(what + ": " + answer.error().message, errc::incompatible);
    if (answer->schemaType && *answer->schemaType != "AVRO")
      return failure(what + " is " + *answer->schemaType + ", not Avro", errc::incompatible);
    std::vector<std::string> others;
    if (answer->references)
      if (auto all = fetch(*answer->references, others, 0); !all) return all.error();
    auto made = avro::schema::parse(answer->schema, others);
    if (!made) return failure(what + ": " + made.error().message, errc::incompatible);
    return made;
  }

  /// Those that others name come first.
  result<void> fetch(const std::vector<reference>& wanted, std::vector<std::string>& out,
                     std::size_t depth) {
    for (const reference& r : wanted) {
      const std::string what = "the schema '" + r.name + "'";
      if (depth > deepest) return failure(what + " is nested too deep", errc::incompatible);
      auto got =
          ask("GET", "/subjects/" + escaped(r.subject) + "/versions/" + std::to_string(r.version));
      if (!got) return got.error();
      if (got->status != 200) return refused(what, *got);
      const auto answer = from_json<schema_answer>(got->body);
      if (!answer) return failure(what + ": " + answer.error().message, errc::incompatible);
      if (answer->references)
        if (auto all = fetch(*answer->references, out, depth + 1); !all) return all;
      if (std::find(out.begin(), out.end(), answer->schema) == out.end())
        out.push_back(answer->schema);
    }
    return {};
  }

  schema_registry at_;
  std::string base_;
  std::string path_;
  std::mutex mutex_;  // instances ask for a schema once each, and must not ask for it twice
  std::shared_ptr<thread_executor> executor_;
  std::optional<http::client> client_;
  std::map<std::uint32_t, avro::schema> known_;
  std::map<std::uint32_t, std::chrono::steady_clock::time_point> missing_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> ids_;
};

registry_link::registry_link(schema_registry at)
    : inside_(std::make_unique<inside>(std::move(at))) {}
registry_link::~registry_link() = default;

result<avro::schema> registry_link::schema_of(std::uint32_t id) { return inside_->schema_of(id); }
result<registry_link::latest> registry_link::latest_of(const std::string& topic) {
  return inside_->latest_of(topic);
}
result<std::uint32_t> registry_link::id_of(const std::string& topic, const std::string& schema) {
  return inside_->id_of(topic, schema);
}
const schema_registry& registry_link::at() const noexcept { return inside_->at(); }

}  // namespace weir::kafka
