// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// Avro: schemas of types, values in Avro's binary form, and reading what another schema wrote.

#include "weir/avro/avro_type.hpp"
#include "weir/avro/reader.hpp"
#include "weir/avro/schema.hpp"
#include "weir/avro/schema_text.hpp"
#include "weir/avro/write.hpp"
