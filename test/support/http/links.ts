import type { Test } from 'supertest'
import type { TestAccount, TestService } from './test-service'

export interface TestLink {
  id: string
  token: string
  /** `/s/<token>` */
  url: string
}

/** Makes a link that lets view all that the account has, unless the terms say otherwise. */
export async function makeLink(
  service: TestService,
  account: TestAccount,
  terms: Record<string, unknown> = {},
): Promise<TestLink> {
  const place = 'path' in terms ? {} : { folder: '' }
  const body = { owner: account.name, mode: 'view', ...place, ...terms }
  const made = await service.call('POST', '/v1/links', account.token).send(body).expect(201)
  const { id, token, url } = made.body as TestLink
  return { id, token, url }
}

export function putFile(
  service: TestService,
  account: TestAccount,
  path: string,
  content = 'hello',
) {
  return service
    .call('PUT', `/v1/files/${account.name}/${path}`, account.token)
    .set('Content-Type', 'text/x-test')
    .send(content)
}

export function withPassword(test: Test, password: string): Test {
  return test.set('Authorization', `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`)
}

/** What of an answer may differ from the next one: its id, its time. */
export function withoutIds({ status, headers, text }: Awaited<Test>) {
  const { date: _, 'x-request-id': id, ...rest } = headers as Record<string, string>
  return { status, headers: rest, text: text.replace(id!, 'ID') }
}
