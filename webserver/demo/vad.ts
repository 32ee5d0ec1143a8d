import { requireFloats, type Tensor } from './tensors'
import { sampleRateHz } from './wave'

const frameSamples = 512
const contextSamples = 64
const stateShape = [2, 1, 128] as const

export type Infer = (inputs: readonly Tensor[]) => Promise<Tensor[]>

/**
 * Silero VAD over a wave at 16 kHz, frame by frame: each run gets the last 64 samples of the frame before, 512 new ones
 * and the state that the run before answered.
 * @returns the probability of speech of each whole frame.
 */
export async function speechProbabilities(wave: Float32Array, infer: Infer): Promise<number[]> {
  const probabilities: number[] = []
  let state = new Float32Array(stateShape[0] * stateShape[1] * stateShape[2])
  for (let start = 0; start + frameSamples <= wave.length; start += frameSamples) {
    const outputs = await infer(inputsOf(wave, start, state))
    state = Float32Array.from(requireFloats(outputs, 'stateN').data)
    probabilities.push(requireFloats(outputs, 'output').data[0]!)
  }
  return probabilities
}

function inputsOf(wave: Float32Array, start: number, state: Float32Array): Tensor[] {
  const input = new Float32Array(contextSamples + frameSamples)
  const from = Math.max(0, start - contextSamples)
  input.set(wave.subarray(from, start + frameSamples), contextSamples - (start - from))
  return [
    { name: 'input', shape: [1, input.length], data: input },
    { name: 'state', shape: stateShape, data: state },
    { name: 'sr', shape: [], data: BigInt64Array.of(BigInt(sampleRateHz)) },
  ]
}

const bars = ' ▁▂▃▄▅▆▇█'

/** One character for each of `columns` equal parts of the values: the mean of the part, 0 to 1, as a bar. */
export function plotBars(values: readonly number[], columns: number): string {
  return Array.from({ length: columns }, (_, column) => {
    const part = values.slice(
      Math.floor((column * values.length) / columns),
      Math.max(
        Math.floor((column * values.length) / columns) + 1,
        Math.floor(((column + 1) * values.length) / columns),
      ),
    )
    const mean = part.reduce((sum, value) => sum + value, 0) / part.length
    return bars[Math.round(Math.min(1, Math.max(0, mean)) * (bars.length - 1))]!
  }).join('')
}

/** Loudness of each frame, relative to the loudest. */
export function loudness(wave: Float32Array): number[] {
  const frames = Array.from({ length: Math.floor(wave.length / frameSamples) }, (_, index) => {
    const frame = wave.subarray(index * frameSamples, (index + 1) * frameSamples)
    return Math.sqrt(frame.reduce((sum, value) => sum + value * value, 0) / frameSamples)
  })
  const loudest = Math.max(...frames)
  return loudest === 0 ? frames : frames.map((value) => value / loudest)
}
