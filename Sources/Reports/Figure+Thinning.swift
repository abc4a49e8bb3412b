extension Figure {
  /// A point that can be drawn.
  struct Point: Sendable, Hashable {
    let x: Double
    let y: Double
  }
}

extension Figure.Series {
  /// The points, cut into runs where values are missing, and few enough to draw.
  ///
  /// Beyond `limit` points the axis is cut into equal lengths, and of each only the lowest and the highest point are
  /// kept, in order, with the first and the last of all: no peak is lost. A gap shorter than such a length is closed.
  func runs(along axis: Figure.Ruler, upward: Figure.Ruler, limit: Int) -> [[Figure.Point]] {
    let drawable = x.indices.filter { axis.holds(x[$0]) && upward.holds(y[$0]) }
    guard let first = drawable.first, let last = drawable.last else { return [] }
    let buckets = max(1, (limit - 2) / 2)
    func bucket(_ index: Int) -> Int {
      // Without thinning each point is alone.
      drawable.count <= limit ? index : min(Int(axis.fraction(x[index]) * Double(buckets)), buckets - 1)
    }

    var runs: [[Figure.Point]] = []
    var (current, lowest, highest, previous) = (bucket(first), first, first, first)
    var run: [Figure.Point] = []
    func close() {
      var kept = [min(lowest, highest), max(lowest, highest)]
      if bucket(first) == current { kept.insert(first, at: 0) }
      if bucket(last) == current { kept.append(last) }
      for (position, index) in kept.enumerated() where position == 0 || kept[position - 1] != index {
        run.append(Figure.Point(x: x[index], y: y[index]))
      }
    }
    for index in drawable.dropFirst() {
      if bucket(index) == current {
        if y[index] < y[lowest] { lowest = index }
        if y[index] > y[highest] { highest = index }
      } else {
        close()
        if index != previous + 1 {
          runs.append(run)
          run = []
        }
        (current, lowest, highest) = (bucket(index), index, index)
      }
      previous = index
    }
    close()
    return runs + [run]
  }

  /// The runs as they are drawn by lines: what is straight has no points between its ends.
  ///
  /// No point that is left out is farther from the line, upwards, than `tolerance` of the axis.
  func lines(
    along axis: Figure.Ruler, upward: Figure.Ruler, limit: Int, tolerance: Double = 4e-4
  ) -> [[Figure.Point]] {
    runs(along: axis, upward: upward, limit: limit).map { run in
      guard style != .points, var anchor = run.first else { return run }
      var kept = [anchor]
      // The slopes that pass all points since the anchor closely enough.
      var (least, greatest) = (-Double.infinity, Double.infinity)
      for (point, next) in zip(run.dropFirst(), run.dropFirst(2)) {
        func slope(_ point: Figure.Point, _ shift: Double) -> Double {
          (upward.fraction(point.y) - upward.fraction(anchor.y) + shift)
            / (axis.fraction(point.x) - axis.fraction(anchor.x))
        }
        least = max(least, slope(point, -tolerance))
        greatest = min(greatest, slope(point, tolerance))
        let following = slope(next, 0)
        // Values that are equal along the axis have no slope, and are kept.
        if !(least <= following && following <= greatest) {
          kept.append(point)
          anchor = point
          (least, greatest) = (-.infinity, .infinity)
        }
      }
      return kept + run.dropFirst().suffix(1)
    }
  }
}
