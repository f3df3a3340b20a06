// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/dynamic_size.hpp"
#include "weir/graph/window_settings.hpp"
#include "weir/operators/concepts.hpp"
#include "weir/windows/clock_tumbling_operator.hpp"
#include "weir/windows/count_operator.hpp"
#include "weir/windows/event_store.hpp"
#include "weir/windows/few_panes.hpp"
#include "weir/windows/folds.hpp"
#include "weir/windows/pane_operator.hpp"
#include "weir/windows/pane_queue.hpp"
#include "weir/windows/pane_tree.hpp"
#include "weir/windows/sliding_operator.hpp"
#include "weir/windows/tumbling_by_backend.hpp"
#include "weir/windows/tumbling_operator.hpp"
#include "weir/windows/window_operator.hpp"
#include "weir/windows/window_output.hpp"

#include <type_traits>
#include <utility>

namespace weir::detail {

/// The operator that works windows of such settings: the cheapest that can. Settings that go
/// together are presumed.
template <class T, class KeyOf, class Settings>
class window_engines {
  using key = mapped<KeyOf, T>;
  using traits = window_traits<Settings>;
  using windows_type = typename Settings::windows_type;

  template <bool Changes>
  static constexpr bool is_plain_tumbling = traits::tumbling && !traits::may_fire_again && !Changes;
  template <bool Changes>
  static constexpr bool is_clock_tumbling =
      traits::clock_tumbling && !traits::may_fire_again && !Changes;
  template <bool Changes>
  static constexpr bool is_general = !traits::special && !traits::in_panes &&
                                     !is_plain_tumbling<Changes> && !is_clock_tumbling<Changes>;

public:
  window_engines(const Settings& settings, const KeyOf& key_of)
      : settings_(settings), key_of_(key_of) {}

  /// Whether the engine keeps something for each window that an event is in, and there may be
  /// several.
  template <bool Changes>
  [[nodiscard]] bool costs_overlap() const {
    if constexpr (is_general<Changes> && traits::hopping)
      return settings_.windows.size() > settings_.windows.every();
    else
      return false;
  }

  template <bool Changes, class Fold>
  auto make(Fold fold) const {
    if constexpr (traits::sliding)
      return sliding_of(std::move(fold));
    else if constexpr (traits::counted)
      return counted_of(std::move(fold));
    else if constexpr (is_plain_tumbling<Changes>)
      return tumbling_of(std::move(fold));
    else if constexpr (is_clock_tumbling<Changes>)
      return operators::clock_tumbling_operator<key, T, KeyOf, Fold>{settings_.windows.windows,
                                                                     key_of_, std::move(fold)};
    else if constexpr (traits::in_panes)
      return paned_of<Changes>(std::move(fold));
    else
      return general_of<Changes>(std::move(fold));
  }

private:
  template <class Fold>
  auto tumbling_of(Fold fold) const {
    using in_memory = operators::tumbling_operator<key, T, KeyOf, Fold>;
    if constexpr (has_dynamic_size<typename Fold::accumulator>) {
      using contents = operators::folded_contents<T, Fold>;
      using cold = operators::window_operator<key, T, KeyOf, windows_type, at_window_end, contents,
                                              operators::each_result<key, Fold>, false>;
      return operators::tumbling_by_backend<key, in_memory, cold>{
          settings_.windows,
          {settings_.windows, key_of_, fold, settings_.late_output},
          {settings_.windows, key_of_, {}, contents{fold}, {}, {{}, settings_.late_output}}};
    } else {
      return in_memory{settings_.windows, key_of_, std::move(fold), settings_.late_output};
    }
  }
  template <class Fold>
  auto sliding_of(Fold fold) const {
    using store = std::conditional_t<operators::folds_events<Fold>, operators::event_store<T, Fold>,
                                     operators::pane_queue<T, Fold>>;
    return operators::sliding_operator<key, T, KeyOf, Fold, store, Settings::on_change>{
        settings_.windows, key_of_, std::move(fold), settings_.late_output};
  }
  template <class Fold>
  auto counted_of(Fold fold) const {
    using store = std::conditional_t<operators::folds_events<Fold>, operators::event_store<T, Fold>,
                                     operators::pane_queue<T, Fold>>;
    return operators::count_operator<key, T, KeyOf, windows_type, Fold, store>{
        settings_.windows, key_of_, std::move(fold)};
  }
  template <class Fold>
  using pane_list =
      std::conditional_t<operators::few_panes<T, Fold>::suits, operators::few_panes<T, Fold>,
                         operators::pane_queue<T, Fold>>;
  template <bool Changes, class Fold>
  auto paned_of(Fold fold) const {
    using queue_or_tree =
        std::conditional_t<Settings::late, operators::pane_tree<T, Fold>, pane_list<Fold>>;
    using store = std::conditional_t<operators::folds_events<Fold>, operators::event_store<T, Fold>,
                                     queue_or_tree>;
    constexpr auto mode = Changes               ? operators::output_mode::changes
                          : Settings::on_change ? operators::output_mode::changed_results
                                                : operators::output_mode::results;
    return operators::pane_operator<key, T, KeyOf, Fold, store, Settings::late, mode>{
        settings_.windows, key_of_, std::move(fold), settings_.lateness, settings_.late_output};
  }
  template <bool Changes, class Fold>
  auto general_of(Fold fold) const {
    using each = std::conditional_t<Settings::on_change, operators::changed_results<key, Fold>,
                                    operators::each_result<key, Fold>>;
    using output =
        std::conditional_t<Changes, operators::changes_of_results<key, Fold, Settings::on_change>,
                           each>;
    constexpr bool buffers = traits::evicts || operators::folds_events<Fold>;
    using evictor = typename Settings::evictor_type;
    if constexpr (buffers)
      return general_with<output>(
          operators::buffered_contents<T, Fold, evictor>{std::move(fold), settings_.evictor});
    else
      return general_with<output>(operators::folded_contents<T, Fold>{std::move(fold)});
  }
  template <class Output, class Contents>
  auto general_with(Contents contents) const {
    if constexpr (Settings::discards)
      return general_op<Output>(std::move(contents), purging{settings_.trigger});
    else
      return general_op<Output>(std::move(contents), settings_.trigger);
  }
  template <class Output, class Contents, class Trigger>
  auto general_op(Contents contents, Trigger trigger) const {
    return operators::window_operator<key, T, KeyOf, windows_type, Trigger, Contents, Output,
                                      traits::may_fire_again>{
        settings_.windows,   key_of_,  std::move(trigger),
        std::move(contents), Output{}, {settings_.lateness, settings_.late_output}};
  }

  const Settings& settings_;
  const KeyOf& key_of_;
};

}  // namespace weir::detail
