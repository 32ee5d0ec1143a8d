import {
  decodeInferResponse,
  encodeInferRequest,
  requireFloats,
} from '../../../webserver/demo/tensors'

function responseOf(header: object, ...blobs: Buffer[]) {
  const json = Buffer.from(JSON.stringify(header))
  const headers = new Headers({ 'inference-header-content-length': String(json.length) })
  return { status: 200, headers, body: Buffer.concat([json, ...blobs]) }
}

describe('binary tensors', () => {
  it('are sent behind the JSON header in its order', () => {
    const { body, headerBytes } = encodeInferRequest([
      { name: 'x', shape: [2], data: Float32Array.of(1, -2) },
      { name: 'sr', shape: [], data: BigInt64Array.of(16000n) },
    ])
    expect(JSON.parse(body.subarray(0, headerBytes).toString())).toEqual({
      inputs: [
        { name: 'x', shape: [2], datatype: 'FP32', parameters: { binary_data_size: 8 } },
        { name: 'sr', shape: [], datatype: 'INT64', parameters: { binary_data_size: 8 } },
      ],
      parameters: { binary_data_output: true },
    })
    expect(body.readFloatLE(headerBytes + 4)).toBe(-2)
    expect(body.readBigInt64LE(headerBytes + 8)).toBe(16000n)
    expect(body).toHaveLength(headerBytes + 16)
  })

  it('are read from an answer at any alignment', () => {
    const bytes = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer)
    const output = (name: string, size: number) => ({
      name,
      shape: [size],
      datatype: 'FP32',
      parameters: { binary_data_size: 4 * size },
    })
    for (const padding of ['', 'a', 'ab', 'abc']) {
      const header = { id: padding, outputs: [output('y', 2), output('z', 1)] }
      const outputs = decodeInferResponse(responseOf(header, bytes(0.5, 2), bytes(3)))
      expect([...requireFloats(outputs, 'y').data]).toEqual([0.5, 2])
      expect([...requireFloats(outputs, 'z').data]).toEqual([3])
    }
  })

  it('that the model did not answer are an error with the name', () => {
    expect(() => requireFloats([], 'stateN')).toThrow('stateN')
  })
})
