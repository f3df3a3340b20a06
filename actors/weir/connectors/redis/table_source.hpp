// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/net/shared_executor.hpp"
#include "weir/connectors/net/text_value.hpp"
#include "weir/connectors/redis/fields.hpp"
#include "weir/connectors/redis/scan.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::redis {

/// A row as an event: a hash's field and its value, or a key without its prefix and what it holds.
template <class V>
struct entry {
  std::string key;
  V value{};

  friend bool operator==(const entry&, const entry&) = default;
  BOOST_DESCRIBE_CLASS(entry, (), (key, value), (), ())
};

struct read_options {
  std::size_t page = 512;  ///< About how many rows are asked for at a time; at least 1.
  server_options server{};
};

namespace detail {

/// Values that are text.
struct text_values {
  template <class V>
  static result<void> read(const reply& from, V& to, json_reader& reader) {
    return from.what == reply::kind::number
               ? net::read_text(std::to_string(from.number), to, reader)
               : net::read_text(from.text, to, reader);
  }
};
/// Values that are hashes.
struct field_values {
  template <class V>
  static result<void> read(const reply& from, V& to, json_reader&) {
    return read_fields(from, to);
  }
};

/// What a person sees of a row that can't be decoded.
inline std::string shown(const scanned_row& row) {
  std::string text = row.key + ":";
  if (row.value.items.empty()) return text + ' ' + row.value.text;
  for (const reply& r : row.value.items) text += ' ' + r.text;
  return text;
}

/// Makes events of the rows of the one split. An offset counts rows; a reader that begins behind
/// one reads all rows again, since their order means nothing.
template <class V, class Values>
class row_reader final : public source_reader<entry<V>> {
public:
  row_reader(server at, read_options options, scanned what, std::shared_ptr<thread_executor> on)
      : at_(std::move(at)),
        options_(std::move(options)),
        what_(std::move(what)),
        on_(std::move(on)) {}

  void on_ready(std::function<void()> wake) override { wake_ = std::move(wake); }
  void assign(std::size_t lane, const split&, std::uint64_t offset) override {
    lane_ = lane;
    offset_ = offset;
    begun_at_ = offset;
    scan_.emplace(at_, options_.server, what_, std::max<std::size_t>(1, options_.page), on_, wake_);
  }
  void pause(std::size_t) override { paused_ = true; }
  void resume(std::size_t) override { paused_ = false; }

  read_state poll(source_batch<entry<V>>& out, std::size_t max, const clock&) override {
    if (!scan_) return read_state::ended;
    if (paused_) return read_state::caught_up;
    out.lane = lane_;
    out.first_offset = out.end_offset = offset_;
    if (next_ == rows_.size()) {
      rows_.clear();
      next_ = 0;
      const scan::state s = scan_->take(rows_);
      if (s == scan::state::coming) return read_state::waiting;
      if (s == scan::state::ended) return end(out);
    }
    for (; next_ < rows_.size() && max != 0; --max) add(rows_[next_++], out);
    out.end_offset = offset_;
    return read_state::more;
  }

private:
  read_state end(source_batch<entry<V>>& out) {
    if (offset_ == begun_at_)
      options_.server.log(at_.shown() + ": there are no rows of '" + what_.shown() +
                          "': the table is empty");
    scan_.reset();
    out.lane_ended = true;
    return read_state::more;
  }

  void add(scanned_row& row, source_batch<entry<V>>& out) {
    const std::uint64_t at = offset_++;
    auto why = decode(row, out.events.values.emplace_back(entry<V>{}));
    if (why) {
      out.events.values.pop_back();
      out.rejected.push_back({at, shown(row).substr(0, kept_of_a_record), why->message});
      return;
    }
    if (!out.offsets.empty()) out.offsets.back() = at;
    out.offsets.push_back(at + 1);
  }

  std::optional<error> decode(scanned_row& row, entry<V>& to) {
    if (row.value.failed()) return explain(at_.shown(), row.value.text);
    if (auto read = Values::read(row.value, to.value, json_); !read) return read.error();
    to.key = std::move(row.key);
    return {};
  }

  server at_;
  read_options options_;
  scanned what_;
  std::shared_ptr<thread_executor> on_;
  std::function<void()> wake_;
  json_reader json_;
  std::optional<scan> scan_;  ///< Until the split has been read.
  std::vector<scanned_row> rows_;
  std::size_t next_ = 0;
  std::size_t lane_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t begun_at_ = 0;
  bool paused_ = false;
};

}  // namespace detail

/// What `read_hash`, `read_hashes` and `read_strings` make: a bounded source of the rows that are
/// there.
template <class V, class Values>
class table_source {
public:
  using event_type = entry<V>;

  table_source(server at, scanned what, read_options options)
      : at_(std::move(at)),
        what_(std::move(what)),
        options_(std::move(options)),
        began_(std::make_shared<std::atomic<bool>>(false)) {}

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    return make_row_finder(at_, options_.server, what_, began_);
  }
  [[nodiscard]] std::unique_ptr<source_reader<event_type>> make_reader() const {
    return std::make_unique<detail::row_reader<V, Values>>(at_, options_, what_, executor_.get());
  }
  [[nodiscard]] std::string kind() const { return "redis"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  server at_;
  scanned what_;
  read_options options_;
  std::shared_ptr<std::atomic<bool>> began_;
  net::shared_executor executor_;
};

/// The fields of the hash `name`, an event each: values as text, numbers and the like, or JSON.
///
///     auto prices = p.from(weir::redis::read_hash<double>("redis://localhost", "prices"))
///                       .key_by(&weir::redis::entry<double>::key).to_table();
template <class V>
[[nodiscard]] auto read_hash(const std::string& url, std::string name, read_options options = {}) {
  static_assert(net::text_value<V>,
                "weir: a value of Redis is text: the row needs a text or JSON form; describe it "
                "with BOOST_DESCRIBE_STRUCT");
  return table_source<V, detail::text_values>{
      server::parse(url), {scanned::kind::hash, std::move(name)}, std::move(options)};
}
/// The hashes whose keys begin with `prefix`, an event each: their fields are the members of `V`,
/// or all of it for a `std::map<std::string, std::string>`.
template <class V>
[[nodiscard]] auto read_hashes(const std::string& url, std::string prefix,
                               read_options options = {}) {
  static_assert(field_type<V> || std::is_same_v<V, std::map<std::string, std::string>>,
                "weir: read_hashes() wants a described class of single values, or a "
                "std::map<std::string, std::string>");
  return table_source<V, detail::field_values>{
      server::parse(url), {scanned::kind::hashes, std::move(prefix)}, std::move(options)};
}
/// The strings whose keys begin with `prefix`, an event each.
template <class V>
[[nodiscard]] auto read_strings(const std::string& url, std::string prefix,
                                read_options options = {}) {
  static_assert(net::text_value<V>,
                "weir: a value of Redis is text: the row needs a text or JSON form; describe it "
                "with BOOST_DESCRIBE_STRUCT");
  return table_source<V, detail::text_values>{
      server::parse(url), {scanned::kind::strings, std::move(prefix)}, std::move(options)};
}

}  // namespace weir::redis
