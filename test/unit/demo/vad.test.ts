import type { Tensor } from '../../../webserver/demo/tensors'
import { loudness, plotBars, speechProbabilities } from '../../../webserver/demo/vad'
import { synthesisePassages } from '../../../webserver/demo/wave'

describe('listening', () => {
  it('gives each run 64 samples of context, 512 new ones and the state of the run before', async () => {
    const wave = Float32Array.from({ length: 512 * 2 + 100 }, (_, i) => i + 1)
    const seen: Tensor[][] = []
    const infer = (inputs: readonly Tensor[]) => {
      seen.push([...inputs])
      return Promise.resolve([
        { name: 'output', shape: [1, 1], data: Float32Array.of(0.25) },
        { name: 'stateN', shape: [2, 1, 128], data: new Float32Array(256).fill(seen.length) },
      ])
    }
    expect(await speechProbabilities(wave, infer)).toEqual([0.25, 0.25])
    const frames = seen.map(([input]) => input!.data)
    expect(
      frames.map((frame) => [frame.length, frame[0], frame[63], frame[64], frame[575]]),
    ).toEqual([
      [576, 0, 0, 1, 512],
      [576, 449, 512, 513, 1024],
    ])
    expect(seen.map(([, state]) => state!.data[0])).toEqual([0, 1])
  })
})

describe('the synthesised wave', () => {
  it('is silent at both ends and loud in between', () => {
    const levels = synthesisePassages(0.5).map(({ samples }) => Math.max(...samples))
    expect([levels[0], levels.at(-1)]).toEqual([0, 0])
    expect(Math.min(...levels.slice(1, -1))).toBeGreaterThan(0.05)
  })

  it('is plotted by loudness', () => {
    const wave = Float32Array.from({ length: 1024 }, (_, i) => (i < 512 ? 0 : 0.5))
    expect(plotBars(loudness(wave), 2)).toBe(' █')
  })
})
