import type { Account, Viewer } from '../domain/account'
import type { Database } from '../domain/database'
import { AppError, isAppError } from '../domain/errors'

/** Says to who owns the account what takes its space: earlier versions and the trash can be let go. */
export function quotaRefusal(account: Account, viewer: Viewer, message: string): AppError {
  if (!viewer.seesAll && viewer.accountId !== account.id)
    return new AppError('quota_exceeded', message)
  const { quotaBytes, usedBytes, versionBytes, trashBytes, reservedBytes } = account
  const members = { quotaBytes, usedBytes, versionBytes, trashBytes, reservedBytes }
  const freeable = versionBytes + trashBytes
  const hint = freeable === 0 ? '' : `: ${freeable} bytes are in the trash and in earlier versions`
  return new AppError('quota_exceeded', message + hint, { members })
}

/** The same of a refusal by the database, which knows no more than that there is no room. */
export async function explainingQuota<T>(
  database: Database,
  { viewer, owner }: { viewer: Viewer; owner: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isAppError(error, 'quota_exceeded') || error.members !== undefined) throw error
    const account = await database.accounts.findByName(owner)
    throw account === null ? error : quotaRefusal(account, viewer, error.message)
  }
}
