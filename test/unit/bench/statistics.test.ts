import {
  median,
  medianRatio,
  percent,
  percentile,
  short,
  table,
} from '../../../perf/bench/statistics'

describe('statistics of the benchmark', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5])
    expect(() => median([])).toThrow(RangeError)
  })

  it('compares round by round', () => {
    expect(medianRatio([10, 2, 30], [20, 4, 10])).toBe(0.5)
  })

  it('takes percentiles by nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1)
    expect([percentile(values, 0.5), percentile(values, 0.99), percentile([7], 0.99)]).toEqual([
      50, 99, 7,
    ])
  })

  it('writes figures with three digits', () => {
    expect([0.1234, 45.67, 1234.5, 26_749, 1_260_000].map(short)).toEqual([
      '0.123',
      '45.7',
      '1235',
      '26.7k',
      '1.26M',
    ])
  })

  it('writes shares in per cent', () => {
    expect([0, 0.1234, 1].map(percent)).toEqual(['0.0 %', '12.3 %', '100.0 %'])
  })

  it('writes tables', () => {
    expect(table(['a', 'b'], [['1', '2']])).toBe('| a | b |\n| --- | --- |\n| 1 | 2 |')
  })
})
