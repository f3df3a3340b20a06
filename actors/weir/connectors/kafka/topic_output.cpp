// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/topic_output.hpp"

#include "weir/connectors/kafka/producer.hpp"
#include "weir/connectors/kafka/transactions.hpp"

#include <algorithm>
#include <utility>

namespace weir::kafka {

namespace {

using namespace std::chrono_literals;

}  // namespace

class topic_output::inside {
public:
  inside(const cluster& at, const std::string& topic, const sink_options& options,
         const sink_instance& place) {
    if (options.delivery == delivery::exactly_once) {
      exact_.emplace(at, topic, options, place);
      return;
    }
    plain_.emplace(at, topic, options);
    const duration wait = place.attempt == 0 ? at.connect_timeout : 30s;
    plain_->link().reach(std::max(wait, at.connect_timeout)).value();
  }

  addition add(const outgoing& record) {
    error why;
    taken t = exact_ ? exact_->add(record, why) : plain_->produce(record, why);
    if (t == taken::full && plain_) {
      plain_->serve(20ms);
      check();
      t = plain_->produce(record, why);
    }
    switch (t) {
      case taken::yes:
        return {true};
      case taken::full:
        return {};
      case taken::refused:
        return {false, std::move(why)};
      case taken::broken:
        break;
    }
    throw exception(std::move(why));
  }

  void serve() {
    if (exact_) return exact_->serve();
    plain_->serve();
    check();
  }

  result<bytes> pre_commit(std::uint64_t checkpoint) {
    if (exact_) return exact_->pre_commit(checkpoint);
    while (!plain_->flush(500ms)) check();
    check();
    return bytes{};
  }
  result<void> commit(std::span<const std::byte> committable) {
    return exact_ ? exact_->commit(committable) : result<void>{};
  }

private:
  void check() {
    if (plain_->link().undelivered()) throw exception(*plain_->link().undelivered());
    if (const auto refused = plain_->link().refused()) throw exception(*refused);
  }

  std::optional<producer> plain_;
  std::optional<transactions> exact_;
};

topic_output::topic_output(const cluster& at, const std::string& topic, const sink_options& options,
                           const sink_instance& place)
    : inside_(std::make_unique<inside>(at, topic, options, place)) {}
topic_output::topic_output(topic_output&&) noexcept = default;
topic_output::~topic_output() = default;

addition topic_output::add(const outgoing& record) { return inside_->add(record); }
void topic_output::serve() { inside_->serve(); }
result<bytes> topic_output::pre_commit(std::uint64_t checkpoint) try {
  return inside_->pre_commit(checkpoint);
} catch (const exception& e) {
  return e.why();
}
result<void> topic_output::commit(std::span<const std::byte> committable) {
  return inside_->commit(committable);
}

}  // namespace weir::kafka
