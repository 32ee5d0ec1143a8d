import { section, whole } from '../setting'

export const sharing = section({
  groupsPerAccountMax: whole(
    'groups',
    [0, 10_000],
    200,
    'Groups that one account may be in, its own included.',
  ),
  membersPerGroupMax: whole('accounts', [1, 100_000], 1000, 'Members of one group.'),
  grantsPerPlaceMax: whole(
    'grants',
    [0, 100_000],
    500,
    'Grants on one file or one folder; those of the folders above it are not counted.',
  ),
  grantsPerOwnerMax: whole(
    'grants',
    [0, 1_000_000],
    10_000,
    'Grants on all that one account owns.',
  ),
  listLimitMax: whole('entries', [1, 10_000], 1000, 'Most grants on one page of a listing.'),
})
