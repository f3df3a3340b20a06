// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/group_member.hpp"

#include "weir/connectors/kafka/client.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace weir::kafka {

namespace {

using namespace std::chrono_literals;
using place = std::pair<std::string, std::int32_t>;

/// Records of one partition that were read one behind the other.
struct stretch {
  std::uint64_t first = 0;  ///< Their position in the split.
  std::uint64_t count = 0;
  place of;
  std::int64_t offset = 0;  ///< Of the first one.

  [[nodiscard]] std::uint64_t end() const noexcept { return first + count; }
};

class group_member final : public consumer_inside {
public:
  group_member(cluster at, std::string topic, source_options options,
               std::shared_ptr<lag_board> lag)
      : cluster_(std::move(at)),
        topic_(std::move(topic)),
        options_(std::move(options)),
        lag_(std::move(lag)) {}
  group_member(const group_member&) = delete;
  group_member& operator=(const group_member&) = delete;
  ~group_member() override {
    release();
    if (client_) leave();
  }

  void assign(std::size_t number, const std::string&, std::uint64_t position) override {
    lane_ = number;
    next_ = std::max<std::uint64_t>(1, position);
  }

  read_state fetch(fetched& out, std::vector<std::size_t>& at_end, std::size_t max,
                   const clock& time) override {
    release();
    if (closed_ || !lane_) return read_state::ended;
    if (failure_) throw exception(*std::exchange(failure_, std::nullopt));
    prepare(time);
    take(max, time);
    note_lag(time);
    if (failure_ && views_.empty()) throw exception(*std::exchange(failure_, std::nullopt));
    if (!views_.empty()) {
      out.lane = *lane_;
      out.records = views_;
      out.position = next_;
      return read_state::more;
    }
    wake_at_ = time.wall() + 100ms;  // so that a rebalance is not kept waiting
    const bool all = std::all_of(mine_.begin(), mine_.end(),
                                 [this](const place& p) { return ended_.contains(p); });
    if (all) at_end.push_back(*lane_);
    return all ? read_state::caught_up : read_state::waiting;
  }

  [[nodiscard]] timestamp next_fetch() const noexcept override { return wake_at_; }
  void pause(std::size_t, bool) override {}  // it has one split, which is never ahead of another
  void on_ready(std::function<void()> wake) override { wake_ = std::move(wake); }
  void commit_with_checkpoints() override { by_clock_ = false; }
  void committed(std::size_t, std::uint64_t position) override {
    while (!read_.empty() && read_.front().first < position) {
      stretch& s = read_.front();
      const std::uint64_t n = std::min(s.count, position - s.first);
      to_commit_[s.of] = s.offset + static_cast<std::int64_t>(n);
      s.first += n;
      s.offset += static_cast<std::int64_t>(n);
      s.count -= n;
      if (s.count == 0) read_.pop_front();
    }
  }
  void close() override { closed_ = true; }

private:
  void prepare(const clock& time) {
    if (!client_) connect();
    client_->poll();
    if (const auto refused = client_->refused()) throw exception(*refused);
    if (by_clock_ && time.steady() >= commit_at_) {
      commit_at_ = time.steady() + 5s;
      committed(*lane_, next_);
    }
    if (const topic_list list = uncommitted(); list->cnt != 0)
      rd_kafka_commit(client_->get(), list.get(), 1);
  }

  void connect() {
    client_settings s{cluster_};
    s.set("group.id", options_.group);
    s.set("partition.assignment.strategy", "cooperative-sticky");
    s.set("queued.max.messages.kbytes",
          static_cast<std::int64_t>(std::max<std::size_t>(256, options_.queue_bytes >> 10U)));
    s.set("queued.min.messages", 1'000'000);  // the bytes are what counts
    s.set("fetch.error.backoff.ms", 20);
    s.set_if_known("fetch.queue.backoff.ms", "5");
    s.set("enable.auto.commit", "false");
    s.set("enable.auto.offset.store", "false");
    s.set("enable.partition.eof", "true");
    s.set("auto.offset.reset", beginning());
    s.set("isolation.level", options_.read_committed ? "read_committed" : "read_uncommitted");
    s.set("topic.metadata.refresh.interval.ms",
          std::max<std::int64_t>(100, millis(options_.find_interval)));
    rd_kafka_conf_set_rebalance_cb(s.get(), client::rebalanced);
    client_ = std::make_unique<client>(RD_KAFKA_CONSUMER, std::move(s), cluster_);
    client_->on_rebalance([this](auto what, auto* list) { rebalance(what, list); });
    client_->reach(std::max<duration>(cluster_.connect_timeout, 30s)).value();
    queue_.reset(rd_kafka_queue_get_consumer(client_->get()));
    rd_kafka_queue_cb_event_enable(
        queue_.get(), [](rd_kafka_t*, void* self) { static_cast<group_member*>(self)->ring(); },
        this);
    const topic_list list = make_list();
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
    const auto why = rd_kafka_subscribe(client_->get(), list.get());
    if (why != RD_KAFKA_RESP_ERR_NO_ERROR)
      throw exception(client_->fail("the topic '" + topic_ + "' can't be subscribed to", why));
  }

  /// Where a partition begins that the group has no offset of.
  [[nodiscard]] const char* beginning() const {
    if (options_.gone == when_gone::fail && options_.start.what() == start_at::kind::group)
      return "earliest";
    return options_.start.what() == start_at::kind::latest || options_.gone == when_gone::latest
               ? "latest"
               : "earliest";
  }

  void ring() {
    if (wake_) wake_();
  }

  void rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list) {
    rd_kafka_t* rk = client_->get();
    const bool gets = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    for (int i = 0; i < list->cnt; ++i) {
      place p{list->elems[i].topic, list->elems[i].partition};
      ended_.erase(p);
      if (gets)
        mine_.insert(std::move(p));
      else
        give_up(p);
    }
    if (!gets && rd_kafka_assignment_lost(rk) == 0)
      if (const topic_list done = uncommitted(); done->cnt != 0) rd_kafka_commit(rk, done.get(), 0);
    if (!gets)  // what no checkpoint has is read again by whoever has it next
      for (int i = 0; i < list->cnt; ++i) forget({list->elems[i].topic, list->elems[i].partition});
    const error_handle failed{gets ? rd_kafka_incremental_assign(rk, list)
                                   : rd_kafka_incremental_unassign(rk, list)};
    if (failed)
      failure_ = client_->fail("the group '" + options_.group + "' deals partitions",
                               rd_kafka_error_code(failed.get()));
  }
  void give_up(const place& p) {
    mine_.erase(p);
    lag_->forget(p.first, p.second);
  }
  void forget(const place& p) {
    std::erase_if(read_, [&](const stretch& s) { return s.of == p; });
    to_commit_.erase(p);
    reached_.erase(p);
  }

  void take(std::size_t max, const clock& time) {
    while (messages_.size() < max) {
      rd_kafka_message_t* m = rd_kafka_consumer_poll(client_->get(), 0);
      if (m == nullptr) return;
      messages_.push_back(m);
      if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        add(*m, time);
      } else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        client_->note_answer();
        ended_.insert({rd_kafka_topic_name(m->rkt), m->partition});
      } else if (gone_for_good(m->err)) {
        failure_ = client_->fail("the topic '" + topic_ + "'", m->err);
        return;
      }
    }
  }

  void add(const rd_kafka_message_t& m, const clock& time) {
    record_view& v = views_.emplace_back();
    v.topic = rd_kafka_topic_name(m.rkt);
    v.partition = m.partition;
    v.offset = m.offset;
    v.position = next_++;
    rd_kafka_timestamp_type_t type{};
    const std::int64_t ms = rd_kafka_message_timestamp(&m, &type);
    v.at = ms < 0 ? time.wall() : timestamp{std::chrono::milliseconds{ms}};
    if (m.key != nullptr) v.key = {static_cast<const char*>(m.key), m.key_len};
    if (m.payload != nullptr) v.value = {static_cast<const char*>(m.payload), m.len};
    v.handle = &m;
    ++taken_;
    note(v);
  }
  /// A batch has few stretches; most records lengthen the last one.
  void note(const record_view& v) {
    if (!read_.empty()) {
      stretch& s = read_.back();
      if (s.end() == v.position && s.of.second == v.partition && s.of.first == v.topic &&
          s.offset + static_cast<std::int64_t>(s.count) == v.offset) {
        ++s.count;
        *last_ = {v.offset + 1, v.at};
        return;
      }
    }
    place p{std::string{v.topic}, v.partition};
    ended_.erase(p);
    last_ = &reached_[p];
    *last_ = {v.offset + 1, v.at};
    read_.push_back({v.position, 1, std::move(p), v.offset});
  }

  void release() {
    for (rd_kafka_message_t* m : messages_) rd_kafka_message_destroy(m);
    messages_.clear();
    views_.clear();
  }

  [[nodiscard]] topic_list uncommitted() {
    topic_list list = make_list(static_cast<int>(to_commit_.size()));
    for (const auto& [p, offset] : to_commit_)
      rd_kafka_topic_partition_list_add(list.get(), p.first.c_str(), p.second)->offset = offset;
    to_commit_.clear();
    return list;
  }

  /// Leaves the group, so that others need not wait until it is missed; not for longer than this.
  void leave() {
    if (!queue_) return;  // no broker could be reached, so it never joined
    rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
    if (by_clock_) committed(*lane_, next_);
    rd_kafka_t* rk = client_->get();
    const queue_handle answers{rd_kafka_queue_new(rk)};
    const error_handle failed{rd_kafka_consumer_close_queue(rk, answers.get())};
    const auto until = std::chrono::steady_clock::now() + 3s;
    while (!failed && rd_kafka_consumer_closed(rk) == 0 && std::chrono::steady_clock::now() < until)
      serve_end(answers.get());
    client_->on_rebalance({});
    queue_.reset();
    for (const place& p : mine_) lag_->forget(p.first, p.second);
  }

  /// Records that come while it leaves are dropped: whoever has the partition next reads them.
  void serve_end(rd_kafka_queue_t* answers) {
    rd_kafka_event_t* event = rd_kafka_queue_poll(answers, 50);
    if (event == nullptr) return;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
      rebalance(rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event));
    rd_kafka_event_destroy(event);
  }

  void note_lag(const clock& time) {
    const steady_time now = time.steady();
    if (now < lag_at_) return;
    lag_at_ = now + 500ms;
    for (const auto& [p, at] : reached_) {
      std::int64_t low = 0, high = -1;
      rd_kafka_get_watermark_offsets(client_->get(), p.first.c_str(), p.second, &low, &high);
      partition_lag l{p.first, p.second, at.next, std::max(high, at.next), 0, 0};
      l.messages = static_cast<std::uint64_t>(l.end - l.position);
      if (l.messages != 0)
        l.seconds = std::max(0.0, std::chrono::duration<double>(time.wall() - at.last).count());
      lag_->note(l);
    }
    lag_->note_read(std::exchange(taken_, 0), now);
    const duration after = options_.warn_when_lag_grows;
    if (after <= duration{0} || now < warn_at_ || lag_->growing_for(now) < after) return;
    warn_at_ = now + after;
    if (cluster_.log)
      cluster_.log("kafka " + cluster_.brokers + ": falling behind: " + show(lag_->report()));
  }

  struct reached {
    std::int64_t next = 0;
    timestamp last{};
  };

  cluster cluster_;
  std::string topic_;
  source_options options_;
  std::shared_ptr<lag_board> lag_;
  std::function<void()> wake_;
  std::unique_ptr<client> client_;
  queue_handle queue_;
  std::optional<std::size_t> lane_;
  std::uint64_t next_ = 1;
  std::set<place> mine_;
  std::set<place> ended_;
  std::deque<stretch> read_;  ///< What no checkpoint has yet.
  std::map<place, std::int64_t> to_commit_;
  std::map<place, reached> reached_;
  reached* last_ = nullptr;  ///< Of the newest stretch.
  std::vector<rd_kafka_message_t*> messages_;
  std::vector<record_view> views_;
  std::optional<error> failure_;
  std::uint64_t taken_ = 0;
  bool closed_ = false;
  bool by_clock_ = true;
  timestamp wake_at_ = max_timestamp;
  steady_time commit_at_{}, lag_at_{}, warn_at_{};
};

}  // namespace

std::string group_split(const std::string& topic) { return topic + "/group"; }

std::unique_ptr<consumer_inside> make_group_member(const cluster& at, const std::string& topic,
                                                   const source_options& options,
                                                   std::shared_ptr<lag_board> lag) {
  return std::make_unique<group_member>(at, topic, options, std::move(lag));
}

}  // namespace weir::kafka
