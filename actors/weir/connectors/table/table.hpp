// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/csv.hpp"
#include "weir/codec/json.hpp"
#include "weir/connectors/net/watched_file.hpp"
#include "weir/enrich/look_up.hpp"
#include "weir/state/keyed_table.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::table_file {

struct options {
  duration check_every = std::chrono::seconds{1};  ///< How often the file is looked at; 0: never.
  csv_format csv{};
  net::log_function log = net::log_to_stderr;  ///< A line for each content that can't be loaded.
};

/// Reads a whole file; `errc::not_found` or `errc::io_failed` with its name.
[[nodiscard]] result<std::string> read_whole(const std::string& path);
/// Calls `take(record, line)` for each record of `text`, with the number of its first line, until
/// it answers an error. A record ends with its line, or, with `quotes`, where no quote is open.
/// Empty lines are skipped.
[[nodiscard]] result<void> each_record(
    std::string_view text, std::optional<char> separator,
    const std::function<result<void>(std::string_view, std::size_t)>& take);

namespace detail {

/// Whether a file's name says that it is CSV; throws `weir::exception` if it says neither.
[[nodiscard]] bool is_csv(const std::string& path);
[[nodiscard]] error in_line(const std::string& path, std::size_t line, const error& why);

template <class K, class R>
using rows = boost::unordered_flat_map<K, R, key_hasher<K>>;

template <class R, class Take>
result<void> read_csv(const std::string& path, std::string_view text, const csv_format& format,
                      Take take) {
  std::optional<csv_reader<R>> reader;
  return each_record(text, format.separator, [&](std::string_view record, std::size_t line) {
    if (!reader) {
      auto bound = csv_reader<R>::bind(record, format);
      if (!bound) return result<void>{in_line(path, line, bound.error())};
      reader.emplace(*std::move(bound));
      return result<void>{};
    }
    R row{};
    if (auto read = reader->parse(record, row); !read)
      return result<void>{in_line(path, line, read.error())};
    take(std::move(row));
    return result<void>{};
  });
}

template <class R, class Take>
result<void> read_jsonl(const std::string& path, std::string_view text, Take take) {
  json_reader reader;
  return each_record(text, std::nullopt, [&](std::string_view record, std::size_t line) {
    R row{};
    if (auto read = reader.parse(record, row); !read)
      return result<void>{in_line(path, line, read.error())};
    take(std::move(row));
    return result<void>{};
  });
}

/// Loads the rows of a file by their keys; of several with the same key the last counts.
template <class K, class R, class RowKey>
result<rows<K, R>> load(const std::string& path, const RowKey& key_of, const csv_format& format) {
  auto text = read_whole(path);
  if (!text) return text.error();
  rows<K, R> all;
  const auto take = [&](R row) {
    K key = std::invoke(key_of, std::as_const(row));
    all.insert_or_assign(std::move(key), std::move(row));
  };
  result<void> read;
  if constexpr (csv_type<R>) {
    read = is_csv(path) ? read_csv<R>(path, *text, format, take) : read_jsonl<R>(path, *text, take);
  } else {
    if (is_csv(path))
      return error{errc::unsupported, "table '" + path + "': the rows' type has no CSV form"};
    read = read_jsonl<R>(path, *text, take);
  }
  if (!read) return read.error();
  return all;
}

/// Answers look-ups from a file's rows, in the stage's own thread.
template <class R, class RowKey>
class table_client {
  using K = std::decay_t<std::invoke_result_t<const RowKey&, const R&>>;
  using content = rows<K, R>;

public:
  template <class>
  using fact = R;

  table_client(const std::string& path, RowKey key_of, const options& o)
      : file_(
            path,
            [key_of, format = o.csv](const std::string& p) {
              return load<K, R>(p, key_of, format);
            },
            o.check_every, o.log) {}

  [[nodiscard]] std::string name() const { return "table " + file_.path(); }
  template <class>
  [[nodiscard]] std::size_t batch() const {
    return 1024;
  }
  [[nodiscard]] result<void> reach() const {
    if (auto opened = file_.open(); !opened) return opened.error();
    return {};
  }
  template <class Asked>
  [[nodiscard]] service open(const look_up_place&) const {
    static_assert(std::is_same_v<Asked, K>,
                  "weir: a table's key and the event's must be of the same type");
    return answering<K, R>([file = file_](std::vector<K> keys, auto done) {
      const auto opened = file.open();
      if (!opened) return done(std::vector<fact_answer<R>>(keys.size(), opened.error()));
      const content& all = **opened;
      std::vector<fact_answer<R>> answers;
      answers.reserve(keys.size());
      for (const K& k : keys) {
        const auto at = all.find(k);
        answers.push_back(at == all.end() ? std::optional<R>{} : std::optional<R>{at->second});
      }
      done(answers);
    });
  }

private:
  net::watched_file<content> file_;
};

}  // namespace detail

/// Looks rows up in a file, which is kept in memory and loaded anew when it changes: `.csv` and
/// `.tsv` with a header line, `.jsonl`, `.ndjson` and `.json` with an object a line. `key_of` gives
/// an event's key, `row_key` a row's. Throws `weir::exception` for another name; a file that can't
/// be loaded stops the pipeline from starting, and later leaves the old content in place. Replace a
/// file by renaming a new one over it: one that is written in place may be loaded half.
///
///     flights.enrich(weir::table_file::rows<plane>("planes.csv", &flight::tail, &plane::tail))
template <class R, class KeyOf, class RowKey>
[[nodiscard]] auto rows(const std::string& path, KeyOf key_of, RowKey row_key, options o = {}) {
  static_assert(json_type<R>, "weir: a table's rows are described: use BOOST_DESCRIBE_STRUCT");
  if (detail::is_csv(path) && path.ends_with(".tsv")) o.csv.separator = '\t';
  using made = detail::table_client<R, RowKey>;
  return look_up_by<KeyOf, made>{std::move(key_of), made{path, std::move(row_key), o}};
}

}  // namespace weir::table_file
