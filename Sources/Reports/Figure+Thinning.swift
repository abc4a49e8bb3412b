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
}
