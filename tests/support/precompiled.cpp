// SPDX-License-Identifier: BSD-3-Clause
// What is compiled of `weir_test_headers` besides its headers: nothing.
