import { lineChart, type Chart } from '../../../perf/bench/plot'

const chart = (change: Partial<Chart> = {}): Chart => ({
  title: 'a < b & c',
  x: { label: 'clients', scale: 'log', ticks: [1, 8, 32].map((at) => ({ at, text: `${at}` })) },
  y: { label: 'ms', scale: 'linear' },
  series: [
    {
      name: 'first',
      points: [
        [1, 10],
        [8, 20],
        [32, 40],
      ],
    },
    {
      name: 'second',
      points: [
        [1, 0],
        [8, NaN],
        [32, 5],
      ],
    },
  ],
  ...change,
})

const circlesOf = (svg: string) =>
  [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ])

describe('the plots of the benchmark', () => {
  it('are SVG documents with a line and a name for each series', () => {
    const svg = lineChart(chart())
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" [^]*<\/svg>\n$/)
    expect(svg.match(/<path /g)).toHaveLength(2)
    expect(svg).toContain('>first</text>')
    expect(svg).toContain('>second</text>')
    expect(svg).toContain('>a &#60; b &#38; c</text>')
  })

  it('put larger values further right and further up', () => {
    const [first, second, third] = circlesOf(lineChart(chart()))
    expect(first![0]).toBeLessThan(second![0]!)
    expect(second![0]).toBeLessThan(third![0]!)
    expect(first![1]).toBeGreaterThan(second![1]!)
    expect(second![1]).toBeGreaterThan(third![1]!)
  })

  it('leave a gap where there is no value', () => {
    const svg = lineChart(chart())
    expect(circlesOf(svg)).toHaveLength(5)
    expect(/<path d="(M[^"L]*M[^"L]*)"/.exec(svg)).not.toBeNull()
  })

  it('draw no zero on a logarithmic axis', () => {
    expect(circlesOf(lineChart(chart({ y: { label: 'ms', scale: 'log' } })))).toHaveLength(4)
  })

  it('mark round values', () => {
    const svg = lineChart(chart())
    for (const text of ['0', '10', '20', '30', '40']) expect(svg).toContain(`>${text}</text>`)
  })

  it('refuse to draw nothing', () => {
    expect(() => lineChart(chart({ series: [{ name: 'empty', points: [] }] }))).toThrow(RangeError)
  })

  it('draw a single point', () => {
    expect(
      circlesOf(lineChart(chart({ series: [{ name: 'one', points: [[8, 3]] }] }))),
    ).toHaveLength(1)
  })
})
