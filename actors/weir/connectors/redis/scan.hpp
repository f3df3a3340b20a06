// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/redis/answers.hpp"
#include "weir/connectors/redis/client.hpp"
#include "weir/source/source.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::redis {

/// Which rows of a server are read.
struct scanned {
  enum class kind : std::uint8_t {
    hash,     ///< The fields of one hash.
    hashes,   ///< The hashes whose keys have a prefix.
    strings,  ///< The strings whose keys have a prefix.
  };
  kind what = kind::hash;
  std::string name;  ///< Of the hash; or the prefix.

  /// "hash prices", "hashes user:*".
  [[nodiscard]] std::string shown() const;
};

/// A row as the server has it; a key without its prefix.
struct scanned_row {
  std::string key;
  reply value;
};

/// Reads rows page by page (HSCAN; SCAN with HGETALL or MGET); the next page is on its way while
/// the last one is worked off. All rows that are there from beginning to end come, some perhaps
/// twice; of one that comes, changes or goes meanwhile it isn't said what is seen. A place among
/// the pages means nothing to a server that was started again, so a connection that was lost makes
/// it begin anew. For one thread.
class scan {
public:
  enum class state : std::uint8_t {
    coming,  ///< `wake` is called when there is more.
    rows,    ///< Some have come.
    ended,   ///< That was all.
  };

  /// Asks for the first page. `page` is about how many rows are asked for at a time.
  scan(const server& at, const server_options& options, scanned what, std::size_t page,
       std::shared_ptr<thread_executor> on, std::function<void()> wake);

  /// Moves the rows that have come to `to`, which is empty. Throws `weir::exception` if they can't
  /// be read.
  state take(std::vector<scanned_row>& to);

private:
  static constexpr const char* begin = "0";

  void ask();
  void send(command_list commands);
  void on_answer(const answers::one& a);
  void on_page(const reply& page);
  void on_values(const std::vector<reply>& got);
  void add(const std::string& key, const reply& value);
  [[noreturn]] void fail(const reply& why) const;

  std::string at_;  ///< How the server is shown.
  scanned what_;
  std::size_t page_;
  std::shared_ptr<answers> answers_;
  client from_;
  std::vector<answers::one> came_;
  std::string cursor_{begin};
  std::uint64_t connection_ = 0;   ///< On which the cursor was told.
  std::vector<std::string> keys_;  ///< Whose values are asked for.
  std::vector<scanned_row> rows_;
  std::uint64_t asked_ = 0;
  bool waits_ = false;  ///< For an answer.
  bool last_ = false;   ///< The page in hand is the last.
};

/// Answers the one split that is read. At a pipeline's first start it makes sure that the server
/// can be read from; later a server that is away is waited for.
[[nodiscard]] std::unique_ptr<source_enumerator> make_row_finder(
    server at, server_options options, scanned what, std::shared_ptr<std::atomic<bool>> began);

}  // namespace weir::redis
