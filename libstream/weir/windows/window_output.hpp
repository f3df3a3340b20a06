// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/event/change.hpp"
#include "weir/windows/window.hpp"

#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::operators {

// How the general engine emits what a window came to. `memory` is what it remembers of a window's
// earlier results; `merge` is called when one window takes another in.

/// A result at each firing.
template <class K, class Fold>
class each_result {
public:
  struct memory {};

  template <class Acc, class Next>
  void fire(memory&, const Fold& fold, const K& key, const window& w, const pane_info& pane,
            const Acc& acc, Next& next) const {
    fold.emit(key, w, pane, acc, next);
  }
  static void merge(memory&, memory&) {}
  /// What `save` writes.
  using saved = std::tuple<>;
  static void save(const memory&, bytes&) {}
  static bool load(memory&, byte_reader&) { return true; }
};

/// A result at each firing that changes the window's value.
template <class K, class Fold>
class changed_results {
public:
  struct memory {
    std::optional<typename Fold::value_type> last;
  };

  template <class Acc, class Next>
  void fire(memory& m, const Fold& fold, const K& key, const window& w, const pane_info& pane,
            const Acc& acc, Next& next) const {
    auto value = fold.value(acc);
    if (m.last && *m.last == value) return;
    m.last = value;
    next(typename Fold::result{key, w, std::move(value), pane}, w.last());
  }
  /// The merged window is another one: its first result comes in any case.
  static void merge(memory& into, memory&) { into.last.reset(); }
  using saved = std::tuple<std::optional<typename Fold::value_type>>;
  static void save(const memory& m, bytes& to) { encode(m.last, to); }
  static bool load(memory& m, byte_reader& from) { return decode(from, m.last); }
};

/// Changes to the table of results: a window's next result updates the one before. A session that
/// grew or was merged updates the earlier result of one of its parts, and removes those of others.
template <class K, class Fold, bool OnlyChanged>
class changes_of_results {
  using result = typename Fold::result;

public:
  struct memory {
    std::vector<result> standing;  ///< Rows that the next result takes the place of.
  };

  template <class Acc, class Next>
  void fire(memory& m, const Fold& fold, const K& key, const window& w, const pane_info& pane,
            const Acc& acc, Next& next) const {
    result r{key, w, fold.value(acc), pane};
    if constexpr (OnlyChanged)
      if (m.standing.size() == 1 && m.standing[0].window == w && m.standing[0].value == r.value)
        return;
    std::vector<result> replaced = std::exchange(m.standing, {r});
    for (std::size_t i = 1; i < replaced.size(); ++i)
      next(change<result>{change_kind::remove, std::move(replaced[i]), {}}, w.last());
    if (replaced.empty())
      next(change<result>{change_kind::insert, std::move(r), {}}, w.last());
    else
      next(change<result>{change_kind::update, std::move(r), std::move(replaced[0])}, w.last());
  }
  static void merge(memory& into, memory& from) {
    for (result& r : from.standing) into.standing.push_back(std::move(r));
    from.standing.clear();
  }
  using saved = std::tuple<std::vector<result>>;
  static void save(const memory& m, bytes& to) { encode(m.standing, to); }
  static bool load(memory& m, byte_reader& from) { return decode(from, m.standing); }
};

}  // namespace weir::operators
