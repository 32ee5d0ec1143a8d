import { encodeNpy } from '../../../perf/bench/npy'

describe('the .npy files of the benchmark', () => {
  it('have a header as NumPy reads it, and the values behind it', () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6)
    const file = encodeNpy({ name: 'x', shape: [2, 3], data })
    const headerBytes = file.readUInt16LE(8)
    expect(file.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00')
    expect((10 + headerBytes) % 64).toBe(0)
    const header = file.subarray(10, 10 + headerBytes).toString('latin1')
    expect(header).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 3\), \} *\n$/)
    expect(file.subarray(10 + headerBytes)).toEqual(Buffer.from(data.buffer))
  })

  it('have a comma behind a single dimension', () => {
    const file = encodeNpy({ name: 'x', shape: [2], data: Int32Array.of(1, 2) })
    expect(file.toString('latin1')).toContain(
      "'descr': '<i4', 'fortran_order': False, 'shape': (2,)",
    )
  })
})
