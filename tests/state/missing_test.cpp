// SPDX-License-Identifier: BSD-3-Clause
// A build without RocksDB.
#include "weir/rocksdb/rocksdb.hpp"

#include <catch2/catch_test_macros.hpp>

TEST_CASE("a build without RocksDB refuses it in one line that says what to do") {
  const auto refused = weir::open_rocksdb({"state"});
  REQUIRE_FALSE(refused);
  const std::string& why = refused.error().message;
  CHECK(refused.error().code == weir::errc::unsupported);
  CHECK(why.find("librocksdb-dev") != std::string::npos);
  CHECK(why.find("'memory'") != std::string::npos);
  CHECK(why.find('\n') == std::string::npos);
  CHECK_THROWS_AS(weir::visit_rocksdb_rows({}, {}), weir::exception);
}
