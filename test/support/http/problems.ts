import type { Response } from 'supertest'
import { z } from 'zod'
import { errorCodes, type ErrorCode } from '../../../webserver/domain/errors'
import { httpMeanings } from '../../../webserver/http/problem'

const problemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  instance: z.string().startsWith('urn:request:'),
  code: z.enum(errorCodes),
  field: z.string().optional(),
  /** With a conflict about where a file ends. */
  offsetBytes: z.number().int().optional(),
})

// What would tell a stranger how the service is built.
const leak = /node_modules|at .*\.(?:js|ts):\d+|SQLITE_|select .* from|\/home\/|\/root\/|\/tmp\//i

/** Checks that an answer is exactly the problem of this code, whole and without a leak. */
export function expectProblem(response: Response, code: ErrorCode, field?: string): void {
  const { status, headers, text } = response
  expect({ status, code: (JSON.parse(text) as { code: string }).code }).toEqual({
    status: httpMeanings[code].status,
    code,
  })
  expect(headers['content-type']).toBe('application/problem+json')
  const problem = problemSchema.parse(JSON.parse(text))
  expect(problem).toMatchObject({ type: `/problems/${code}`, title: httpMeanings[code].title })
  expect(problem.instance).toBe(`urn:request:${headers['x-request-id']}`)
  if (field !== undefined) expect(problem.field).toBe(field)
  if (code === 'unauthenticated') expect(headers['www-authenticate']).toBe('Bearer')
  expect(text).not.toMatch(leak)
}
