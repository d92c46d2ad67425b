#pragma once

#include <heed/kernels/tile.hpp>
#include <heed/parameters.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace heed::inline v0_1 {

/// How a product passes over a matrix: from which end, and, where threads share the work, which part of it is done.
struct Walk {
  bool backwards = false;  ///< from the last panel to the first
  Share share = {};        ///< of the panels
  bool keeps = true;       ///< whether a cell's step leaves in its trace what backward reads, or what it pleases
};

namespace detail {

/// A packet of rows of which `left` exist; the others are zero.
template <class S>
Packet<S> load_rows(const S* from, Index left) {
  if (left >= packet_size<S>) return WholePacket<S>{}.load(from);
  return left > 0 ? PartPacket<S>{left}.load(from) : constant(S(0));
}

/// The layout of a packed matrix (packed_matrix.hpp) and the products that read it.
///
/// A panel has a packet of rows from each gate, or a few packets of neighbouring rows if there is one gate only. Where
/// two numbers share a word, so do two panels. A panel whose sums find no room in the registers is cut into strips of
/// fewer packets; the columns of a strip follow one another.
template <class T, int Gates>
struct Panels {
  using S = scalar_of<T>;
  using Word = typename Storage<T>::Word;

  static constexpr int parts = Storage<T>::per_word;
  static constexpr int unit_packets = Gates == 1 ? 3 : 1;        ///< packets of units in a panel
  static constexpr int packets = Gates * unit_packets;           ///< packets in a panel
  static constexpr Index units = unit_packets * packet_size<S>;  ///< units in a panel
  /// Packets of a panel that a tile of many columns takes: all, or as many as leave its sums in the registers.
  static constexpr int together = [] {
    int some = packets;
    while (some > 1 && (packets % some > 0 || !fits_registers(parts * some, sum_registers / (parts * some)))) --some;
    return some;
  }();
  static constexpr int most_columns = std::max(1, sum_registers / (parts * together));
  static constexpr int strip = parts == 1 ? together : packets, strips = packets / strip;  ///< packets in one; strips
  static constexpr Index height = strip * packet_size<S>;  ///< words in a column of a strip
  /// Read together for a single column: enough to add at full speed, but few, whose next words the machine foresees, and
  /// fewer where they have to be unfolded first.
  static constexpr int most_panels =
      std::max(1, std::min(parts == 1 ? 12 : 8, 384 / static_cast<int>(sizeof(Packet<S>))) / (parts * packets));

  const Word* words;
  Index rows;   ///< of one gate
  Index depth;  ///< columns of the matrix

  static Index panels(Index rows) { return (rows + parts * units - 1) / (parts * units); }
  static Index words_for(Index rows, Index depth) { return panels(rows / Gates) * strips * depth * height; }

  /// Writes x, a matrix whose columns are solid, to `words`.
  template <class X>
  static void pack(const X& x, Word* words) {
    const Index rows = x.rows() / Gates;
    for (Index panel = 0; panel < panels(rows); ++panel) {
      for (int first = 0; first < packets; first += strip) {
        for (Index k = 0; k < x.cols(); ++k) {
          const S* const column = x.col(k).data();
          for (int p = first; p < first + strip; ++p, words += packet_size<S>) {
            const Index gate = p / unit_packets, unit = panel * parts * units + p % unit_packets * packet_size<S>;
            S numbers[std::size_t{parts}][std::size_t{packet_size<S>}];
            for (int part = 0; part < parts; ++part) {
              const Index left = rows - unit - part * units;
              WholePacket<S>{}.store(numbers[part], load_rows(column + gate * rows + unit + part * units, left));
            }
            Storage<T>::fold(&numbers[0][0], words);
          }
        }
      }
    }
  }

  /// Columns first ... first + count of the matrix times `right` (count x cols): calls use(io, k, j, sums) for units k ...
  /// of column j, with a packet of sums for every gate; `io` loads and stores as many numbers as there are units left.
  ///
  /// Walked backwards, the panels that were read last are read first: they are still in the cache. All panels pass some
  /// columns before the next ones come, so that both factors and the product stay in it.
  template <class Use>
  void multiply(Index first, Index count, const Right<S>& right, Index cols, const Walk& walk, const Use& use) const {
    constexpr Index at_once = most_tiles * most_columns;
    const Block block{*this, first, count};
    for (Index j = 0, some = 0; j < cols; j += some) {
      // A few columns more are not worth it to read all panels again.
      some = cols - j < at_once + at_once / 2 ? cols - j : at_once;
      const Right<S> from{right.data + j * right.across, right.down, right.across};
      const auto use_from = [&](const auto& io, Index k, Index i, const auto& sums) { use(io, k, j + i, sums); };
      if (some == 1) {
        block.multiply_column(from, walk, use_from);
      } else {
        block.multiply_columns(from, some, walk, use_from);
      }
    }
  }

 private:
  static constexpr Index most_tiles = 8;  ///< of columns that a panel meets before the next panel comes
  static constexpr Index held = strips > 1 ? most_tiles : 1;  ///< of these, how many wait for the sums of all strips

  /// The columns first ... first + count of the matrix.
  struct Block {
    const Panels& panels;
    Index first, count;

    Index apart() const { return panels.depth * height; }  ///< words from strip to strip
    const Word* strip_at(Index panel, int p) const {
      return panels.words + (panel * strips + p / strip) * apart() + first * height;
    }

    template <class Use>
    void multiply_column(const Right<S>& right, const Walk& walk, const Use& use) const {
      Packet<S> sums[std::size_t{parts * packets * most_panels}];
      panels.for_each_group(walk, most_panels, [&](Index panel, Index n, Index next) {
        with_constant<most_panels>(n, [&](auto group) {
          Tile<T, strip, group * strips, 1>::sum({strip_at(panel, 0), height, apart(), strip_at(next, 0)}, count, right,
                                                 sums);
        });
        panels.hand_out(panel * parts, n * parts, 0, 1, sums, use);
      });
    }

    template <class Use>
    void multiply_columns(const Right<S>& right, Index cols, const Walk& walk, const Use& use) const {
      const Index tiles = (cols + most_columns - 1) / most_columns;
      const auto column = [&](Index tile) { return tile * (cols / tiles) + std::min(tile, cols % tiles); };
      Packet<S> sums[std::size_t{parts * packets * static_cast<int>(held) * most_columns}];
      panels.for_each_group(walk, 1, [&](Index panel, Index, Index next) {
        for (Index t = 0; t < tiles; t += held) {
          const Index end = std::min(t + held, tiles), begin = column(t);
          for (int p = 0; p < packets; p += together) {
            for (Index i = t; i < end; ++i) {
              const Index j = column(i);
              const Right<S> from{right.data + j * right.across, right.down, right.across};
              add_tile(panel, p, from, column(i + 1) - j, ahead(next, i, p), sums + (j - begin) * parts * packets);
            }
          }
          panels.hand_out(panel * parts, parts, begin, column(end) - begin, sums, use);
        }
      });
    }

    /// The sums of the packets p ... of a panel and `cols` columns.
    void add_tile(Index panel, int p, const Right<S>& right, Index cols, const Word* ahead, Packet<S>* sums) const {
      with_constant<most_columns>(cols, [&](auto width) {
        if constexpr (fits_registers(parts * packets, width)) {  // all packets at once
          if (p == 0)
            Tile<T, strip, strips, width>::sum({strip_at(panel, 0), height, apart(), ahead}, count, right, sums);
        } else {
          const Word* const from = strip_at(panel, p) + p % strip * packet_size<S>;
          Tile<T, together, 1, width>::sum({from, height, apart(), ahead}, count, right, sums + p, packets);
        }
      });
    }

    /// What of the next panel to fetch while tile i of the packets p ... is summed: every tile fetches another part.
    const Word* ahead(Index next, Index i, int p) const {
      const auto part = static_cast<int>(std::min<Index>(i * (packets / together) + p / together, packets - 1));
      return strip_at(next, part) + part % strip * count * packet_size<S>;
    }
  };

  /// Calls visit(panel, n, next) for n panels from `panel` on, at most `most`, as far as they belong to the walk's share and
  /// in its order; panel `next` comes afterwards.
  template <class Visit>
  void for_each_group(const Walk& walk, Index most, const Visit& visit) const {
    const Index bottom = panels(rows) * walk.share.index / walk.share.count;
    const Index all = panels(rows) * (walk.share.index + 1) / walk.share.count - bottom;
    for (Index done = 0; done < all;) {
      const Index n = std::min(most, all - done), panel = bottom + (walk.backwards ? all - done - n : done);
      done += n;
      visit(panel, n, done == all ? panel : walk.backwards ? panel - 1 : panel + n);
    }
  }

  /// Gives the sums of some panels and columns to `use`, a packet of units at a time.
  template <class Use>
  void hand_out(Index panel, Index count, Index j, Index cols, const Packet<S>* sums, const Use& use) const {
    for (Index c = 0; c < cols; ++c) {
      for (Index u = 0; u < count * unit_packets; ++u, sums += Gates) {
        const Index k = panel * units + u * packet_size<S>, left = rows - k;
        if (left >= packet_size<S>) {
          use(WholePacket<S>{}, k, j + c, sums);
        } else if (left > 0) {
          use(PartPacket<S>{left}, k, j + c, sums);
        }
      }
    }
  }
};

}  // namespace detail

}  // namespace heed::inline v0_1
