/**
 * Commands on what decides who may do what.
 *
 * @module
 */

import { type Command, command, storeCommand } from '../command.ts'
import { spanFlag, switchFlag, textFlag } from '../flags.ts'
import { accountsCommand } from '../ways/accounts.ts'
import { documentCommand } from '../ways/documents.ts'

/** `policy`, `issuers`, `keys`, `changes`. */
export const ACCESS_COMMANDS: readonly Command[] = [
  documentCommand({
    name: 'changes',
    help: 'print who has changed accounts, policy, issuers and rules on tags, and when',
    more: 'A line for each of the last 500 changes: time, document, and who made it, as --by of the command said, or else the user and the machine. Whoever may write to the store can also write this list.',
    load: async () => (await import('../commands/changes.ts')).listChanges,
  }),
  storeCommand({
    name: 'policy check',
    help: 'check a policy; - is standard input',
    ofFile: true,
    args: { file: 'one' },
    load: async () => (await import('../commands/policy.ts')).checkPolicy,
  }),
  documentCommand({
    name: 'policy set',
    changes: true,
    help: 'check a policy and put it in force',
    args: { file: 'one' },
    load: async () => (await import('../commands/policy.ts')).setPolicy,
  }),
  documentCommand({
    name: 'policy show',
    help: 'print the policy in force',
    load: async () => (await import('../commands/policy.ts')).showPolicy,
  }),
  documentCommand({
    name: 'policy log',
    help: 'print when the policy was changed, and who said to have done so',
    load: async () => (await import('../commands/changes.ts')).logPolicy,
  }),
  documentCommand({
    name: 'policy test',
    help: 'say what a caller may do to a repository, and which rule decides that',
    more: 'A caller is anonymous, user:NAME, robot:NAME, aws:ARN, certificate:CN=ci, claim:sub=NAME, or claims:FILE: a token of another issuer or its claims as JSON, of which nothing is verified. Exits with 1 where an action that is asked for is denied.',
    args: { repository: 'one' },
    flags: {
      as: textFlag('CALLER', 'who does it', 'anonymous'),
      action: textFlag(
        'ACTION',
        'what is done: pull, push, delete, override, admin or fetch',
        'each of them',
      ),
      file: textFlag('FILE', 'a policy to try; - is standard input', 'the one in force'),
    },
    load: async () => (await import('../commands/policy-test.ts')).testPolicy,
  }),
  storeCommand({
    name: 'policy publish',
    help: 'tell the edge which repositories are public, so that it keeps what is pulled from them',
    more: 'Needed once, with both flags, and after a policy was changed without `slipway policy set`, which does the same. docs/edge.md says which repositories are kept.',
    flags: {
      'edge-list': textFlag('ARN', 'where the edge looks them up', 'the one used before'),
      distribution: textFlag('ID', 'the distribution at CloudFront', 'the one used before'),
    },
    load: async () => (await import('../commands/publish.ts')).publishPolicy,
  }),
  storeCommand({
    name: 'policy unpublish',
    help: 'tell the edge that no repository is public',
    load: async () => (await import('../commands/publish.ts')).unpublishPolicy,
  }),
  storeCommand({
    name: 'issuers check',
    help: 'check a list of issuers and fetch their keys; - is standard input',
    ofFile: true,
    args: { file: 'one' },
    load: async () => (await import('../commands/issuers.ts')).checkIssuers,
  }),
  documentCommand({
    name: 'issuers set',
    changes: true,
    help: 'check a list of issuers and put it in force',
    args: { file: 'one' },
    load: async () => (await import('../commands/issuers.ts')).setIssuers,
  }),
  accountsCommand({
    name: 'issuers add',
    changes: true,
    help: 'trust github, gitlab, google, kubernetes or the URL of an issuer, with a rule that is safe',
    more: "The rule names what nobody else can come to have, and only protected branches and tags; tokens of pull requests never match it. As in: slipway issuers add github --id 123456 --audience registry.example --repositories 'team/**' --add-rule",
    args: { provider: 'one' },
    words: { provider: ['github', 'gitlab', 'google', 'kubernetes'] },
    flags: {
      id: textFlag('ID', 'number of the repository, project or account; NAMESPACE:NAME; or sub'),
      audience: textFlag('NAME', 'what its tokens have in aud: the address of this registry'),
      repositories: textFlag('NAMES', 'what the rule is about, with commas between them'),
      actions: textFlag('ACTIONS', 'what the rule allows', 'pull,push'),
      ref: textFlag('REF', 'a branch or tag, or a pattern: refs/tags/v*', 'any that is protected'),
      url: textFlag('URL', 'the issuer, where it is a server or a cluster of your own'),
      ca: textFlag('FILE', "certificates of its server's authorities", "the platform's"),
      'private-addresses': switchFlag('its server may have a private address'),
      'add-rule': switchFlag('add the rule to the policy, and not only print it'),
      robot: textFlag('NAME', 'bind this robot to the claims of the rule, in place of a rule'),
    },
    load: async () => (await import('../commands/issuers-add.ts')).addIssuerAndRule,
  }),
  documentCommand({
    name: 'issuers show',
    help: 'print the issuers in force',
    load: async () => (await import('../commands/issuers.ts')).showIssuers,
  }),
  command({
    name: 'login-password',
    help: 'print a password for the user AWS of a registry, made of the AWS credentials that are found',
    more: 'As in: slipway login-password registry.example | docker login -u AWS --password-stdin registry.example. Credentials are found as by other programs of AWS: variables, profiles, single sign-on, roles of containers and machines. The password is good for 15 minutes and this registry. docs/access.md has more.',
    args: { registry: 'one' },
    flags: {
      region: textFlag('REGION', 'whose STS the registry asks', 'AWS_REGION, or of the profile'),
    },
    load: async () => (await import('../commands/login-password.ts')).loginPassword,
  }),
  storeCommand({
    name: 'keys create',
    help: 'make the keys, where registries may read them and not make them themselves',
    settings: ['signing-key'],
    load: async () => (await import('../commands/keys.ts')).createKeys,
  }),
  storeCommand({
    name: 'keys list',
    help: 'print the ids of all keys, and which of them signs',
    settings: ['signing-key'],
    load: async () => (await import('../commands/keys.ts')).listKeys,
  }),
  storeCommand({
    name: 'keys rotate',
    help: 'make a new key, which signs ten minutes later',
    flags: { revoke: switchFlag('sign with it at once and end all other keys, and every token') },
    settings: ['signing-key'],
    load: async () => (await import('../commands/keys.ts')).rotateKeys,
  }),
  storeCommand({
    name: 'keys certificates',
    help: 'print a certificate for each key, for registries that verify by certificates',
    flags: { expires: spanFlag('10y', 'how long the certificates are valid') },
    settings: ['signing-key'],
    load: async () => (await import('../commands/keys.ts')).printCertificates,
  }),
]
