// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/consumer.hpp"

#include "weir/connectors/kafka/client.hpp"
#include "weir/connectors/kafka/group_member.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace weir::kafka {

namespace {

using namespace std::chrono_literals;

/// Where a split's name ends and its number begins.
std::pair<std::string, std::int32_t> parts_of(const std::string& split) {
  const std::size_t slash = split.rfind('/');
  if (slash == std::string::npos || slash + 1 == split.size())
    throw exception({errc::incompatible, "kafka: '" + split + "' is no partition of a topic"});
  return {split.substr(0, slash), static_cast<std::int32_t>(std::stol(split.substr(slash + 1)))};
}

struct lane {
  std::size_t number = 0;
  std::string topic;
  std::int32_t partition = 0;
  std::uint64_t given = 0;  ///< The position that it was assigned with.
  bool late = false;        ///< It was assigned when others were read already.
  std::int64_t next = -1;   ///< The offset to read next; -1 while it isn't known.
  std::int64_t stop = -1;   ///< Of a bounded one: where it ends.
  rd_kafka_topic_t* handle = nullptr;
  queue_handle queue{};
  bool announce = false;  ///< Where reading begins has to be told.
  bool at_end = false;
  bool sure = true;  ///< `at_end` has been found since the brokers were away.
  bool paused = false;
  bool over = false;
  timestamp last{};  ///< Of the record that was read last.
  std::int64_t to_commit = -1;

  [[nodiscard]] bool reads() const { return handle != nullptr; }
};

}  // namespace

std::string split_of(const std::string& topic, std::int32_t partition) {
  return topic + "/" + std::to_string(partition);
}

std::vector<header> record_view::headers() const {
  std::vector<header> all;
  if (handle == nullptr) return all;  // a record that was not fetched; see `decode_record`
  rd_kafka_headers_t* found = nullptr;
  const auto* m = static_cast<const rd_kafka_message_t*>(handle);
  if (rd_kafka_message_headers(m, &found) != RD_KAFKA_RESP_ERR_NO_ERROR) return all;
  const char* name = nullptr;
  const void* data = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(found, i, &name, &data, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    all.push_back({name, std::string(static_cast<const char*>(data), data == nullptr ? 0 : size)});
  return all;
}

namespace {

class partition_reader final : public consumer_inside {
public:
  partition_reader(cluster at, source_options options, std::shared_ptr<lag_board> lag)
      : at_(std::move(at)), options_(std::move(options)), lag_(std::move(lag)) {}
  partition_reader(const partition_reader&) = delete;
  partition_reader& operator=(const partition_reader&) = delete;
  ~partition_reader() override {
    release();
    for (lane& l : lanes_) end(l);
    commit_last();
  }

  void assign(std::size_t number, const std::string& split, std::uint64_t position) override {
    lane& l = lanes_.emplace_back();
    l.number = number;
    std::tie(l.topic, l.partition) = parts_of(split);
    l.given = position;
    l.late = client_ != nullptr;
    restored_ = restored_ || position != 0;
  }

  read_state fetch(fetched& out, std::vector<std::size_t>& at_end, std::size_t max,
                   const clock& time) override {
    release();
    if (closed_ || std::all_of(lanes_.begin(), lanes_.end(), [](const lane& l) { return l.over; }))
      return read_state::ended;
    if (failure_) throw exception(*std::exchange(failure_, std::nullopt));
    prepare(time);
    const bool got = begin_lanes(out, time) || take(out, max, time);
    note_lag(time);
    bool all = true;
    for (const lane& l : lanes_) {
      const bool ended = l.over || (l.at_end && l.sure);
      if (ended && !l.over && !(got && l.number == out.lane)) at_end.push_back(l.number);
      all = all && (ended || l.paused);
    }
    if (got) return read_state::more;
    wake_at_ = time.wall() + 100ms;  // so that nothing can be missed for longer
    return all ? read_state::caught_up : read_state::waiting;
  }

  [[nodiscard]] timestamp next_fetch() const noexcept override { return wake_at_; }
  void pause(std::size_t number, bool paused) override {
    for (lane& l : lanes_)
      if (l.number == number) l.paused = paused;
  }
  void on_ready(std::function<void()> wake) override { wake_ = std::move(wake); }
  void commit_with_checkpoints() override { by_clock_ = false; }
  void committed(std::size_t number, std::uint64_t position) override {
    if (options_.group.empty() || position == 0) return;
    for (lane& l : lanes_)
      if (l.number == number)
        l.to_commit = static_cast<std::int64_t>(position == begun_at_zero ? 0 : position);
    unsent_ = true;
  }
  void close() override { closed_ = true; }

private:
  void prepare(const clock& time) {
    if (!client_) connect();
    client_->poll();
    if (const auto refused = client_->refused()) throw exception(*refused);
    if (client_->away())
      for (lane& l : lanes_) l.sure = false;
    look_again(time);
    if (by_clock_ && !options_.group.empty() && time.steady() >= commit_at_) {
      commit_at_ = time.steady() + 5s;
      for (lane& l : lanes_)
        if (l.reads() && l.next > 0) l.to_commit = l.next, unsent_ = true;
    }
    if (std::exchange(unsent_, false))
      if (const topic_list list = uncommitted(); list->cnt != 0)
        rd_kafka_commit(client_->get(), list.get(), 1);
  }

  void connect() {
    client_settings s{at_};
    const std::size_t share = options_.queue_bytes / std::max<std::size_t>(1, lanes_.size());
    const auto kilobytes = static_cast<std::int64_t>(std::max<std::size_t>(256, share >> 10));
    s.set("queued.max.messages.kbytes", kilobytes);
    s.set("queued.min.messages", 1'000'000);  // the bytes are what counts
    s.set("fetch.message.max.bytes", std::min<std::int64_t>(1 << 20, kilobytes << 10));
    s.set("fetch.error.backoff.ms", 20);
    s.set_if_known("fetch.queue.backoff.ms", "5");
    s.set("enable.auto.commit", "false");
    s.set("enable.auto.offset.store", "false");
    s.set("enable.partition.eof", "true");
    s.set("auto.offset.reset", "error");
    s.set("isolation.level", options_.read_committed ? "read_committed" : "read_uncommitted");
    if (!options_.group.empty()) s.set("group.id", options_.group);
    client_ = std::make_unique<client>(RD_KAFKA_CONSUMER, std::move(s), at_);
  }

  /// After the brokers were away, asks for the end of one partition, to know what "at its end"
  /// means now.
  void look_again(const clock& time) {
    if (time.steady() < look_at_) return;
    const auto found = std::find_if(lanes_.begin(), lanes_.end(),
                                    [](const lane& l) { return l.reads() && !l.sure; });
    if (found == lanes_.end()) return;
    std::int64_t low = 0, high = 0;
    const auto why = rd_kafka_query_watermark_offsets(client_->get(), found->topic.c_str(),
                                                      found->partition, &low, &high, 100);
    look_at_ = time.steady() + (why == RD_KAFKA_RESP_ERR_NO_ERROR ? 0ms : 200ms);
    if (why != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    client_->note_answer();
    found->sure = true;
    found->at_end = found->at_end && high <= found->next;
  }

  /// Begins with one partition that isn't read yet; true if there is something to tell.
  bool begin_lanes(fetched& out, const clock& time) {
    if (time.steady() >= begin_at_)
      for (lane& l : lanes_)
        if (!l.over && l.next < 0 && !find_beginning(l)) {
          begin_at_ = time.steady() + 200ms;
          break;
        }
    for (lane& l : lanes_) {
      if (!std::exchange(l.announce, false)) continue;
      out.lane = l.number;
      out.position = position_of(l);
      out.moved = true;
      out.ended = l.stop >= 0 && l.next >= l.stop;
      if (out.ended)
        end(l);
      else
        start(l);
      return true;
    }
    return false;
  }

  bool find_beginning(lane& l) {
    std::int64_t low = 0, high = 0;
    const auto why = rd_kafka_query_watermark_offsets(client_->get(), l.topic.c_str(), l.partition,
                                                      &low, &high, 1000);
    if (why != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (l.late && (why == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
                     why == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)) {
        learn(l.topic);
        return false;
      }
      if (gone_for_good(why)) throw exception(client_->fail(where(l), why));
      return false;
    }
    client_->note_answer();
    std::optional<std::int64_t> from;
    if (l.given == begun_at_zero)
      from = 0;
    else if (l.given != 0)
      from = static_cast<std::int64_t>(l.given);
    else if (l.late || restored_)
      from = low;
    else
      from = chosen(l, low, high);
    if (!from) return false;
    l.next = *from;
    if (options_.bounded) l.stop = high;
    l.announce = true;
    return true;
  }

  /// Has this client look a topic up again: it may not know a partition that another has found.
  void learn(const std::string& topic) {
    const topic_handle handle{rd_kafka_topic_new(client_->get(), topic.c_str(), nullptr)};
    const rd_kafka_metadata_t* found = nullptr;
    if (rd_kafka_metadata(client_->get(), 0, handle.get(), &found, 1000) ==
        RD_KAFKA_RESP_ERR_NO_ERROR)
      rd_kafka_metadata_destroy(found);
  }

  /// Where a partition begins that has no position; none if the broker does not say now.
  std::optional<std::int64_t> chosen(const lane& l, std::int64_t low, std::int64_t high) {
    const topic_list list = make_list();
    auto* asked = rd_kafka_topic_partition_list_add(list.get(), l.topic.c_str(), l.partition);
    switch (options_.start.what()) {
      case start_at::kind::earliest:
        return low;
      case start_at::kind::latest:
        return high;
      case start_at::kind::offsets: {
        const auto& all = options_.start.by_split();
        const auto found = all.find(split_of(l.topic, l.partition));
        return found == all.end() ? low : found->second;
      }
      case start_at::kind::time: {
        const auto since = options_.start.when().time_since_epoch();
        asked->offset = std::chrono::ceil<std::chrono::milliseconds>(since).count();
        const auto why = rd_kafka_offsets_for_times(client_->get(), list.get(), 5000);
        if (why != RD_KAFKA_RESP_ERR_NO_ERROR || asked->err != RD_KAFKA_RESP_ERR_NO_ERROR)
          return {};
        return asked->offset < 0 ? high : asked->offset;
      }
      case start_at::kind::group: {
        const auto why = rd_kafka_committed(client_->get(), list.get(), 5000);
        if (gone_for_good(why)) throw exception(client_->fail(where(l), why));
        if (why != RD_KAFKA_RESP_ERR_NO_ERROR || asked->err != RD_KAFKA_RESP_ERR_NO_ERROR)
          return {};
        return asked->offset < 0 ? low : asked->offset;
      }
    }
    return low;
  }

  void start(lane& l) {
    rd_kafka_t* rk = client_->get();
    l.handle = rd_kafka_topic_new(rk, l.topic.c_str(), nullptr);
    l.queue.reset(rd_kafka_queue_new(rk));
    rd_kafka_queue_cb_event_enable(
        l.queue.get(),
        [](rd_kafka_t*, void* self) { static_cast<partition_reader*>(self)->ring(); }, this);
    if (rd_kafka_consume_start_queue(l.handle, l.partition, l.next, l.queue.get()) != 0)
      throw exception(client_->fail(where(l), rd_kafka_last_error()));
  }

  void end(lane& l) {
    l.over = true;
    stop(l);
  }
  void stop(lane& l) {
    if (!l.reads()) return;
    rd_kafka_queue_cb_event_enable(l.queue.get(), nullptr, nullptr);
    rd_kafka_consume_stop(l.handle, l.partition);
    l.queue.reset();
    rd_kafka_topic_destroy(std::exchange(l.handle, nullptr));
  }

  void ring() {
    if (wake_) wake_();
  }

  /// Takes what is there of one partition, in turn.
  bool take(fetched& out, std::size_t max, const clock& time) {
    for (std::size_t tried = 0; tried < lanes_.size(); ++tried) {
      turn_ = (turn_ + 1) % lanes_.size();
      lane& l = lanes_[turn_];
      if (!l.reads() || l.paused || !take_from(l, out, max, time)) continue;
      return true;
    }
    return false;
  }

  bool take_from(lane& l, fetched& out, std::size_t max, const clock& time) {
    messages_.resize(max);
    const auto n = rd_kafka_consume_batch_queue(l.queue.get(), 0, messages_.data(), max);
    messages_.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    bool ended = false;
    for (rd_kafka_message_t* m : messages_) {
      if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        ended = on_event(l, *m, time) || ended;
        if (failure_ || !l.reads()) break;
      } else if (l.stop >= 0 && m->offset >= l.stop) {
        ended = true;
      } else {
        add(l, *m, time);
      }
      if (ended) break;
    }
    if (failure_ && views_.empty()) throw exception(*std::exchange(failure_, std::nullopt));
    if (views_.empty() && !ended) {
      release();  // what was no record holds its partition
      return false;
    }
    read_ += views_.size();
    out.lane = l.number;
    out.records = views_;
    out.position = position_of(l);
    out.ended = ended || (l.stop >= 0 && l.next >= l.stop);
    if (out.ended) end(l);
    return true;
  }

  void add(lane& l, const rd_kafka_message_t& m, const clock& time) {
    record_view& v = views_.emplace_back();
    v.topic = l.topic;
    v.partition = l.partition;
    v.offset = m.offset;
    v.position = static_cast<std::uint64_t>(m.offset);
    rd_kafka_timestamp_type_t type{};
    const std::int64_t ms = rd_kafka_message_timestamp(&m, &type);
    v.at = ms < 0 ? time.wall() : timestamp{std::chrono::milliseconds{ms}};
    if (m.key != nullptr) v.key = {static_cast<const char*>(m.key), m.key_len};
    if (m.payload != nullptr) v.value = {static_cast<const char*>(m.payload), m.len};
    v.handle = &m;
    l.next = m.offset + 1;
    l.last = v.at;
    l.at_end = false;
    l.sure = true;
  }

  /// Deals with what is no record; true if the partition has ended with it.
  bool on_event(lane& l, const rd_kafka_message_t& m, const clock& time) {
    if (m.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      client_->note_answer();
      l.at_end = l.sure = true;
      l.next = std::max(l.next, m.offset);
      return l.stop >= 0 && l.next >= l.stop;
    }
    if (m.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        m.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      skip_gone(l, time);
    } else if (gone_for_good(m.err)) {
      failure_ = client_->fail(where(l), m.err);
    }
    return false;
  }

  void skip_gone(lane& l, const clock& time) {
    std::string text = where(l) + ": there is no record at offset " + std::to_string(l.next) +
                       " any more: it was deleted, or the topic was made anew";
    if (options_.gone == when_gone::fail) {
      failure_ = client_->fail(
          errc::incompatible, text + "; begin without the checkpoint, or say what to do by `gone`");
      return;
    }
    std::int64_t low = 0, high = 0;
    if (rd_kafka_query_watermark_offsets(client_->get(), l.topic.c_str(), l.partition, &low, &high,
                                         5000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      failure_ = client_->fail(errc::io_failed, text);
      return;
    }
    stop(l);
    l.next = options_.gone == when_gone::earliest ? low : high;
    l.at_end = false;
    l.announce = true;
    begin_at_ = time.steady();
    if (at_.log)
      at_.log(client_->fail({}, text + "; going on at " + std::to_string(l.next)).message);
  }

  void release() {
    for (rd_kafka_message_t* m : messages_) rd_kafka_message_destroy(m);
    messages_.clear();
    views_.clear();
  }

  /// 0 says that reading has not begun; that it begins there need not be told where it does anyway.
  [[nodiscard]] std::uint64_t position_of(const lane& l) const {
    const bool marked = l.next == 0 && options_.start.what() != start_at::kind::earliest;
    return marked ? begun_at_zero : static_cast<std::uint64_t>(l.next);
  }
  [[nodiscard]] std::string where(const lane& l) const {
    return "partition " + std::to_string(l.partition) + " of the topic '" + l.topic + "'";
  }

  [[nodiscard]] topic_list uncommitted() {
    topic_list list = make_list(static_cast<int>(lanes_.size()));
    for (lane& l : lanes_) {
      if (l.to_commit < 0) continue;
      auto* one = rd_kafka_topic_partition_list_add(list.get(), l.topic.c_str(), l.partition);
      one->offset = std::exchange(l.to_commit, -1);
    }
    return list;
  }
  /// What the last checkpoint said; not waited for for long, since it is for onlookers.
  void commit_last() {
    if (!client_ || options_.group.empty()) return;
    if (by_clock_)
      for (lane& l : lanes_)
        if (l.next > 0) l.to_commit = l.next;
    const topic_list list = uncommitted();
    if (list->cnt == 0) return;
    const queue_handle answers{rd_kafka_queue_new(client_->get())};
    rd_kafka_commit_queue(client_->get(), list.get(), answers.get(), nullptr, nullptr);
    if (rd_kafka_event_t* event = rd_kafka_queue_poll(answers.get(), 2000))
      rd_kafka_event_destroy(event);
  }

  void note_lag(const clock& time) {
    const steady_time now = time.steady();
    if (now < lag_at_) return;
    lag_at_ = now + 500ms;
    for (const lane& l : lanes_) {
      if (l.next < 0) continue;
      std::int64_t low = 0, high = -1;
      rd_kafka_get_watermark_offsets(client_->get(), l.topic.c_str(), l.partition, &low, &high);
      partition_lag at{l.topic, l.partition, l.next, std::max(high, l.next), 0, 0};
      if (!l.over) at.messages = static_cast<std::uint64_t>(at.end - at.position);
      if (at.messages != 0 && l.last != timestamp{})
        at.seconds = std::max(0.0, std::chrono::duration<double>(time.wall() - l.last).count());
      lag_->note(at);
    }
    lag_->note_read(std::exchange(read_, 0), now);
    warn(now);
  }
  void warn(steady_time now) {
    const duration after = options_.warn_when_lag_grows;
    if (after <= duration{0} || now < warn_at_ || lag_->growing_for(now) < after) return;
    warn_at_ = now + after;
    if (at_.log) at_.log("kafka " + at_.brokers + ": falling behind: " + show(lag_->report()));
  }

  cluster at_;
  source_options options_;
  std::shared_ptr<lag_board> lag_;
  std::function<void()> wake_;
  std::unique_ptr<client> client_;
  std::vector<lane> lanes_;
  std::size_t turn_ = 0;
  std::vector<rd_kafka_message_t*> messages_;
  std::vector<record_view> views_;
  std::optional<error> failure_;  ///< Comes behind the records that were before it.
  std::uint64_t read_ = 0;
  bool closed_ = false;
  bool restored_ = false;
  bool by_clock_ = true;
  bool unsent_ = false;
  timestamp wake_at_ = max_timestamp;
  steady_time look_at_{}, begin_at_{}, commit_at_{}, lag_at_{}, warn_at_{};
};

}  // namespace

consumer::consumer(const cluster& at, const std::string& topic, const source_options& options,
                   std::shared_ptr<lag_board> lag)
    : by_group_(options.assignment == assignment::by_group) {
  if (by_group_)
    inside_ = make_group_member(at, topic, options, std::move(lag));
  else
    inside_ = std::make_unique<partition_reader>(at, options, std::move(lag));
}

}  // namespace weir::kafka
