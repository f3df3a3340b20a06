// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/transactions.hpp"

#include "weir/codec/binary.hpp"
#include "weir/connectors/kafka/admin.hpp"
#include "weir/connectors/kafka/embedded.hpp"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

namespace weir::kafka {

namespace {

using namespace std::chrono_literals;

constexpr duration longest_wanted = 15min;
constexpr std::uint32_t most_slots = 16;  ///< Transactions of an instance.

std::string seconds(duration d) { return std::to_string((d.count() + 999'999) / 1'000'000) + " s"; }

std::uint64_t number_by_chance() {
  std::random_device dice;
  return (std::uint64_t{dice()} << 32 | dice()) | 1;
}

/// librdkafka does not call all of these retriable, though the coordinator will be there.
bool may_help(const error_handle& failed) {
  switch (rd_kafka_error_code(failed.get())) {
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
      return rd_kafka_error_is_fatal(failed.get()) == 0 &&
             rd_kafka_error_txn_requires_abort(failed.get()) == 0;
    default:
      return rd_kafka_error_is_retriable(failed.get()) != 0;
  }
}

/// Makes a call again for as long as this may help.
template <class Call>
error_handle insist(duration within, Call call) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (true) {
    error_handle failed{call()};
    if (!failed || !may_help(failed) || std::chrono::steady_clock::now() >= until) return failed;
    std::this_thread::sleep_for(20ms);  // another process; there is nothing to wait on
  }
}

}  // namespace

transactions::transactions(const cluster& at, std::string topic, const sink_options& options,
                           const sink_instance& place)
    : cluster_(at),
      topic_(std::move(topic)),
      options_(options),
      base_(options.transactional_id.empty() ? place.pipeline + "/" + place.id
                                             : options.transactional_id),
      instance_(place.instance),
      parallelism_(place.parallelism),
      wait_(place.attempt == 0 ? at.connect_timeout : std::max<duration>(at.connect_timeout, 30s)),
      run_(number_by_chance()) {
  if (!place.checkpoint_interval)
    throw exception({errc::invalid_argument,
                     "kafka: the sink '" + place.id +
                         "' writes exactly once, which wants checkpoints: say where they are kept "
                         "(--checkpoints DIR)"});
  if (options_.transactions < 2 || options_.transactions > most_slots)
    throw exception({errc::invalid_argument, "kafka: the sink '" + place.id +
                                                 "' wants two transactions or more, and " +
                                                 std::to_string(most_slots) + " at most"});
  timeout_ = timeout_for(place);
  for (std::uint32_t i = 0; i < options_.transactions; ++i) {
    slot& s = slots_.emplace_back();
    s.number = i;
    s.to = open(transaction_id(base_, instance_, i), wait_);
    s.at = slot::phase::idle;
  }
  const ledger_entry last = take_ledger(instance_, options_.transactions);
  sequence_ = last.sequence;
  other_run_ = last.run;
  if (instance_ == 0) fence_former(last.parallelism);
}

/// librdkafka 2.0 must not be ended while it registers partitions with a transaction: an assertion
/// fails. An end of the transaction waits for that.
transactions::~transactions() {
  for (slot& s : slots_)
    if (s.at == slot::phase::filling)
      (void)error_handle{rd_kafka_abort_transaction(s.to->get(), 2000)};
}

/// A transaction begins with a checkpoint's first row and is committed behind the next checkpoint.
duration transactions::timeout_for(const sink_instance& place) const {
  const duration least = 2 * *place.checkpoint_interval + 1s;
  std::optional<duration> most;
  if (cluster_.brokers != embedded_brokers) {
    client asking{RD_KAFKA_PRODUCER, client_settings{cluster_}, cluster_};
    asking.reach(wait_).value();
    most = longest_transaction(asking);
  }
  const duration wanted = options_.transaction_timeout > duration{0}
                              ? options_.transaction_timeout
                              : std::min(longest_wanted, most.value_or(longest_wanted));
  if (most && wanted > *most)
    throw exception(
        {errc::invalid_argument, "kafka: the sink '" + place.id + "' wants transactions of " +
                                     seconds(wanted) + ", and the broker allows " + seconds(*most) +
                                     " (transaction.max.timeout.ms): lower transaction_timeout"});
  if (wanted < least)
    throw exception(
        {errc::invalid_argument,
         "kafka: the sink '" + place.id + "' has transactions of " + seconds(wanted) +
             " at most, and with checkpoints every " + seconds(*place.checkpoint_interval) +
             " they last " + seconds(least) +
             ": take checkpoints more often, or raise transaction_timeout and the broker's "
             "transaction.max.timeout.ms"});
  return wanted;
}

std::unique_ptr<producer> transactions::open(const std::string& id, duration wait) const {
  auto made = std::make_unique<producer>(cluster_, topic_, options_, id, timeout_);
  made->link().reach(wait).value();
  // A coordinator that has just come up, or that ends what an earlier run left, takes its time.
  wait = std::max<duration>(wait, 30s);
  const auto failed =
      insist(wait, [&] { return rd_kafka_init_transactions(made->get(), millis(wait)); });
  if (failed)
    throw exception(made->link().fail("the transactional id '" + id + "' can't be had",
                                      rd_kafka_error_code(failed.get())));
  return made;
}

/// Whoever had these transactions of an instance can't end them any more: they are ended.
void transactions::fence(std::uint32_t instance, std::uint32_t from, std::uint32_t to) const {
  for (std::uint32_t i = from; i < to; ++i) (void)open(transaction_id(base_, instance, i), wait_);
}

/// Reads an instance's ledger, whose first `fenced` transactions nobody else has any more. A
/// transaction that is in the way is of a run that had more of them.
ledger_entry transactions::take_ledger(std::uint32_t instance, std::uint32_t fenced) const {
  auto last = read_ledger(cluster_, base_, instance, topic_, 2s);
  if (!last) {
    if (last.error().code == errc::already_running) fence(instance, fenced, most_slots);
    last = read_ledger(cluster_, base_, instance, topic_, std::max<duration>(wait_, 30s));
  }
  fence(instance, fenced, last.value().slots);
  return *last;
}

/// Ends what instances left that this run does not have: `former`, as this one's ledger tells, or
/// as those do that are found.
void transactions::fence_former(std::uint32_t former) const {
  constexpr std::uint32_t looked_for = 3;  // more than one, since one that had no rows left nothing
  for (std::uint32_t i = parallelism_; i < std::max(former, parallelism_ + looked_for); ++i) {
    const auto seen = read_ledger(cluster_, base_, i, topic_, 2s);
    if (!seen && seen.error().code != errc::already_running) return;  // nobody may look
    std::uint32_t fenced = 0;
    if (!seen || seen->sequence != 0) {
      const ledger_entry last = take_ledger(i, 0);
      former = std::max(former, last.parallelism);
      fenced = last.slots;
    } else if (i >= former) {
      continue;
    }
    fence(i, fenced, options_.transactions);
  }
}

transactions::slot* transactions::find(slot::phase p) {
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [&](const slot& s) { return s.at == p; });
  return found == slots_.end() ? nullptr : &*found;
}

/// One that is idle; else the oldest that waits for its checkpoint is given up: its rows are
/// written again if that is completed after all.
transactions::slot* transactions::free_slot() {
  if (slot* s = find(slot::phase::idle)) return s;
  if (find(slot::phase::closed) == nullptr) {
    slot* oldest = nullptr;
    for (slot& s : slots_)
      if (s.at == slot::phase::prepared && (oldest == nullptr || s.sequence < oldest->sequence))
        oldest = &s;
    if (oldest == nullptr) return nullptr;  // one is being filled
    drop(*oldest);
    if (oldest->at == slot::phase::idle) return oldest;
  }
  slot* s = find(slot::phase::closed);
  try {
    s->to = open(transaction_id(base_, instance_, s->number), 5s);
    s->at = slot::phase::idle;
    return s;
  } catch (const exception&) {
    return nullptr;  // asked again: the brokers are away
  }
}

bool transactions::begin() {
  slot* s = free_slot();
  if (s == nullptr) return false;
  const error_handle failed{rd_kafka_begin_transaction(s->to->get())};
  if (failed) {
    drop(*s);
    return false;
  }
  s->to->link().forget_undelivered();
  s->at = slot::phase::filling;
  return true;
}

/// Gives a transaction up. A producer that can't do that is closed, and fenced by the next one.
void transactions::drop(slot& s) {
  const error_handle failed{rd_kafka_abort_transaction(s.to->get(), 5000)};
  s.to->link().forget_undelivered();
  s.at = failed ? slot::phase::closed : slot::phase::idle;
  if (failed) s.to.reset();
}

taken transactions::add(const outgoing& record, error& why) {
  slot* s = find(slot::phase::filling);
  if (s == nullptr && !broken_) {
    if (!begin()) return taken::full;
    s = find(slot::phase::filling);
  }
  const std::size_t before = rows_.size();
  encode(record, rows_);
  if (broken_) return taken::yes;
  taken t = s->to->produce(record, why);
  if (t == taken::full) {
    s->to->serve(20ms);
    t = s->to->produce(record, why);
  }
  if (t == taken::broken) {
    broken_ = true;
    drop(*s);
    return taken::yes;
  }
  if (t != taken::yes) rows_.resize(before);
  return t;
}

void transactions::serve() {
  if (slot* s = find(slot::phase::filling)) s->to->serve();
}

result<bytes> transactions::pre_commit(std::uint64_t checkpoint) {
  epoch_rows epoch{base_, topic_,     instance_, parallelism_, options_.transactions, run_,
                   0,     checkpoint, {}};
  if (!rows_.empty()) {
    epoch.sequence = sequence_ + 1;
    slot* s = find(slot::phase::filling);
    if (s != nullptr) {
      const result<bool> prepared = prepare(*s, epoch);
      if (!prepared) return prepared.error();
      if (*prepared) {
        s->at = slot::phase::prepared;
        s->sequence = epoch.sequence;
      } else {
        drop(*s);
      }
    }
    ++sequence_;
    epoch.rows = std::exchange(rows_, {});
    broken_ = false;
  }
  bytes encoded;
  encode(epoch, encoded);
  return encoded;
}

/// Has all rows answered for and the ledger's entry added. False if the transaction is lost; an
/// error if a row is not wanted.
result<bool> transactions::prepare(slot& s, const epoch_rows& epoch) {
  while (!s.to->link().undelivered() && !s.to->flush(500ms)) {
    if (rd_kafka_fatal_error(s.to->get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  }
  if (const auto& failed = s.to->link().undelivered()) {
    if (!s.to->link().unwanted()) return false;
    const error why = *failed;
    drop(s);
    return why;
  }
  const auto failed = insist(timeout_, [&] { return enter(s.to->get(), epoch, 10s).release(); });
  return !failed;
}

bool transactions::finish(slot& s) {
  const auto failed =
      insist(timeout_, [&] { return rd_kafka_commit_transaction(s.to->get(), 10'000); });
  if (failed)
    drop(s);
  else
    s.at = slot::phase::idle;
  return !failed;
}

bool transactions::own(const epoch_rows& epoch) const {
  return epoch.base == base_ && epoch.instance == instance_;
}

result<void> transactions::commit(std::span<const std::byte> committable) try {
  epoch_rows epoch;
  byte_reader in{committable};
  if (!decode(in, epoch))
    return error{errc::incompatible, "a saved committable of a Kafka sink is damaged"};
  if (epoch.run == run_)
    for (slot& s : slots_)
      if (s.at == slot::phase::prepared && s.sequence == epoch.sequence && finish(s)) return {};
  if (epoch.run != run_ && !own(epoch)) {
    for (std::uint32_t i = 0; i < epoch.slots; ++i)
      (void)open(transaction_id(epoch.base, epoch.instance, i), wait_);
  }
  if (own(epoch)) sequence_ = std::max(sequence_, epoch.sequence);
  return epoch.rows.empty() ? result<void>{} : write_again(epoch);
} catch (const exception& e) {
  return e.why();
}

result<void> transactions::write_again(const epoch_rows& epoch) {
  // An entry of ours that is not committed yet would keep the ledger from being read.
  for (slot& s : slots_)
    if (s.at == slot::phase::prepared) drop(s);
  error last{errc::io_failed, "kafka: the rows of checkpoint " + std::to_string(epoch.checkpoint) +
                                  " can't be written again"};
  for (int tries = 0; tries < 10; ++tries) {
    const auto found = read_ledger(cluster_, epoch.base, epoch.instance, epoch.topic, timeout_);
    if (!found) return found.error();
    if (found->covers(epoch)) return {};
    if (epoch.run == run_ && found->run != run_ && found->run != other_run_)
      return error{errc::stopped, "kafka: another run has taken over the transactions of '" +
                                      ledger_group(epoch.base, epoch.instance) + "'"};
    const auto written = try_to_write(epoch);
    if (!written) return written.error();
    if (*written) {
      if (own(epoch)) other_run_ = epoch.run;
      return {};
    }
    std::this_thread::sleep_for(100ms);  // brokers that have just come back need a moment
  }
  return last;
}

/// False if the transaction was lost again.
result<bool> transactions::try_to_write(const epoch_rows& epoch) {
  // The one that is being filled goes on; this is another.
  slot* s = free_slot();
  if (s == nullptr) return false;
  const error_handle failed{rd_kafka_begin_transaction(s->to->get())};
  if (failed) return drop(*s), false;
  s->to->link().forget_undelivered();
  byte_reader in{epoch.rows};
  outgoing record;
  while (in.remaining() != 0) {
    if (!decode(in, record))
      return error{errc::incompatible, "rows of a Kafka sink in a checkpoint are damaged"};
    error why;
    taken t = s->to->produce(record, why);
    for (; t == taken::full; t = s->to->produce(record, why)) s->to->serve(20ms);
    if (t == taken::refused) return drop(*s), why;
    if (t == taken::broken) return drop(*s), false;
  }
  const result<bool> prepared = prepare(*s, epoch);
  if (!prepared) return prepared.error();
  if (!*prepared) return drop(*s), false;
  return finish(*s);
}

}  // namespace weir::kafka
