/** Samples per second of every wave here. */
export const sampleRateHz = 16_000

export interface Passage {
  name: string
  samples: Float32Array
}

/** Resonances of the mouth in Hz for five vowels: ah, ee, oo, eh, aw. */
const vowels = [
  [730, 1090, 2440],
  [270, 2290, 3010],
  [300, 870, 2240],
  [530, 1840, 2480],
  [570, 840, 2410],
] as const

const bandwidthsHz = [80, 90, 120, 200]
const syllableSamples = 0.22 * sampleRateHz

/** Silence, a tone, noise, something like a voice, and silence again, each `seconds` long. */
export function synthesisePassages(seconds: number): Passage[] {
  const length = Math.round(seconds * sampleRateHz)
  return [
    { name: 'silence', samples: new Float32Array(length) },
    { name: 'tone 440 Hz', samples: tone(length) },
    { name: 'noise', samples: noise(length) },
    { name: 'voice-like', samples: voice(length) },
    { name: 'silence', samples: new Float32Array(length) },
  ]
}

function tone(length: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, i) => 0.3 * Math.sin((2 * Math.PI * 440 * i) / sampleRateHz),
  )
}

function noise(length: number): Float32Array {
  return Float32Array.from({ length }, () => 0.2 * (Math.random() - 0.5))
}

/** Pulses of a glottis near 120 Hz through the resonances of changing vowels, swelling and fading by syllables. */
function voice(length: number): Float32Array {
  const out = new Float32Array(length)
  for (let start = 0, index = 0; start < length; start += syllableSamples, index++) {
    const count = Math.min(syllableSamples, length - start)
    const [first, second, third] = vowels[index % vowels.length]!
    let syllable = glottis(start, count)
    for (const [band, frequencyHz] of [first, second, third, 3500].entries())
      syllable = resonate(syllable, frequencyHz, bandwidthsHz[band]!)
    out.set(
      syllable.map((value, i) => value * Math.sqrt(Math.sin((Math.PI * i) / count))),
      start,
    )
  }
  return scaleToPeak(out, 0.5)
}

function glottis(start: number, count: number): Float32Array {
  const openShare = 0.4
  const pulses = Float32Array.from({ length: count }, (_, i) => {
    const seconds = (start + i) / sampleRateHz
    // The integral of 120 + 20 sin(1.4 π t) Hz: the pitch wanders as a speaker's does.
    const cycles = 120 * seconds - (20 / (1.4 * Math.PI)) * Math.cos(1.4 * Math.PI * seconds)
    const phase = cycles - Math.floor(cycles)
    const breath = 0.02 * (Math.random() - 0.5)
    return breath + (phase < openShare ? Math.sin((Math.PI * phase) / openShare) ** 2 : 0)
  })
  return pulses.map((value, i) => value - 0.95 * (pulses[i - 1] ?? 0))
}

/** A two-pole resonator with gain 1 at 0 Hz. */
function resonate(samples: Float32Array, frequencyHz: number, bandwidthHz: number): Float32Array {
  const radius = Math.exp((-Math.PI * bandwidthHz) / sampleRateHz)
  const a1 = 2 * radius * Math.cos((2 * Math.PI * frequencyHz) / sampleRateHz)
  const a2 = -radius * radius
  let last = 0
  let beforeLast = 0
  return samples.map((value) => {
    const next = (1 - a1 - a2) * value + a1 * last + a2 * beforeLast
    beforeLast = last
    last = next
    return next
  })
}

function scaleToPeak(samples: Float32Array, peak: number): Float32Array {
  const highest = samples.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  return highest === 0 ? samples : samples.map((value) => (value / highest) * peak)
}
