import type { Class } from "./treatments.ts";

/** One line of the table: codes that mean the same. */
export interface Row {
  /** EC2's, STS', the SDK's and Node's words; `*` stands for any letters. */
  readonly codes: readonly string[];
  readonly is: Class;
  readonly means: string;
  readonly cure: string;
}

const NETWORK = "wait; if it lasts, look at the network, the proxy and AWS' status page";
const NOTHING = "nothing";
const BUG = "a bug, or an endpoint that is not EC2's: report it with the log's line, then clean-amis retry";

/**
 * "Error codes for the Amazon EC2 API", STS' common errors, the SDK's own errors (@smithy/core, service-error-classification) and
 * Node's. The first row that fits counts; those with a word in brackets are told by more than the code, see APART in lookup.ts.
 */
export const CODES: readonly Row[] = [
  {
    codes: ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"],
    is: "credentials",
    means: "temporary credentials ran out, or this machine's clock is minutes wrong",
    cure: "set the clock (NTP); renew the credentials, or see why their source does not",
  },
  {
    codes: [
      "InvalidClientTokenId",
      "UnrecognizedClientException",
      "SignatureDoesNotMatch",
      "InvalidSignatureException",

      "IncompleteSignature",
      "MissingAuthenticationToken",
      "InvalidAccessKeyId",
      "InvalidToken",
      "RegionDisabledException",
    ],
    is: "credentials",
    means: "AWS does not know the access key, or the secret does not fit it",
    cure: "give the right credentials, and restart the service if they stand in its environment or a file",
  },
  {
    codes: ["CredentialsProviderError", "ProviderError", "TokenProviderError", "InstanceMetadataV1FallbackError"],
    is: "credentials",
    means: "no credentials could be had: their source (instance, container, profile) fails, or there is none",
    cure: "give AWS credentials, or AWS_ACCESS_KEY and AWS_SECRET_ACCESS_KEY; if it lasts, look at their source",
  },
  {
    codes: ["AccessDenied (sts:)", "AccessDeniedException (sts:)"],
    is: "credentials",
    means: "the role may not be assumed",
    cure: "mend the role's trust policy, or ec2.role_arn and ec2.external_id",
  },
  {
    codes: ["AuthFailure (an image)"],
    is: "not-ours",
    means: "the image or snapshot belongs to somebody else",
    cure: "correct ec2.account or the credentials; somebody else's image stays for ever",
  },
  {
    codes: ["AuthFailure"],
    is: "credentials",
    means: "EC2 could not validate the credentials; if STS can, they are right, and only the region does not take them",
    cure: "if STS refuses them too, mend them; else see whether the region is enabled for the account",
  },
  {
    codes: ["Blocked"],
    is: "account",
    means: "AWS has blocked the account",
    cure: "the account's owner has to talk to AWS",
  },
  {
    codes: ["OptInRequired"],
    is: "shut",
    means: "the region is not enabled for the account",
    cure: "enable it, or leave it: nothing can be done there",
  },
  {
    codes: ["PendingVerification"],
    is: "region",
    means: "AWS still verifies the account for this region",
    cure: "wait; if it lasts for a day, ask AWS",
  },
  {
    codes: [
      "RequestLimitExceeded",
      "Throttling*",
      "Throttled*",
      "EC2ThrottledException",
      "RequestThrottled*",
      "SlowDown",
      "TooManyRequests*",
      "BandwidthLimitExceeded",
      "LimitExceededException",
      "PriorRequestNotComplete",
    ],
    is: "throttled",
    means: "too many calls of one kind in this account and region",
    cure: "wait; if it lasts, lower ec2.share, or see who else calls",
  },
  {
    codes: ["InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable", "ServiceException"],
    is: "passing",
    means: "EC2 itself fails there",
    cure: "wait: it passes; if it lasts, look at AWS' status page",
  },
  {
    codes: ["TimeoutError", "RequestTimeout*", "ETIMEDOUT", "ESOCKETTIMEDOUT", "AbortError"],
    is: "passing",
    means: "no answer in time; the call may have been carried out",
    cure: NETWORK,
  },
  {
    codes: ["ECONNREFUSED", "ECONNRESET", "EPIPE", "EHOSTUNREACH", "ENETUNREACH"],
    is: "passing",
    means: "the connection was refused or cut",
    cure: NETWORK,
  },
  {
    codes: ["ENOTFOUND", "EAI_AGAIN"],
    is: "passing",
    means: "the region's host name does not resolve",
    cure: "look at the network's names (DNS); a region that the account's list lacks is left alone, and asked daily",
  },
  {
    codes: ["unreadable-answer"],
    is: "passing",
    means: "what answered is not EC2: a proxy's or a captive portal's page, or half an answer",
    cure: "see what answers at the endpoint (ec2.endpoint, a proxy)",
  },
  {
    codes: ["UnauthorizedOperation", "AccessDenied*"],
    is: "permission",
    means: "the policy does not allow the call",
    cure: "grant the action that is named, then clean-amis retry",
  },
  {
    codes: ["OperationNotPermitted (giving back)"],
    is: "block-public-access",
    means: "Block Public Access is on in the region: switch it off",
    cure: "switch it off; then nothing: it is tried again by itself",
  },
  {
    codes: ["(a snapshot that is kept)"],
    is: "kept",
    means: "a lock, AWS Backup or fast restore keeps the snapshot",
    cure: "unlock it, delete its recovery point in AWS Backup, or disable fast restore, then clean-amis retry",
  },
  {
    codes: ["InvalidParameterValue (AWS Backup)"],
    is: "protection",
    means: "AWS Backup keeps the image",
    cure: "delete its recovery point in AWS Backup, then clean-amis retry",
  },
  {
    codes: ["OperationNotPermitted"],
    is: "protection",
    means: "the image is protected against deregistration",
    cure: "end the protection in EC2, wait out its cooldown, then clean-amis retry",
  },
  {
    codes: [
      "InvalidAMIID.NotFound",
      "InvalidAMIID.Unavailable",
      "InvalidSnapshot.NotFound",
      "InvalidSnapshotID.NotFound",
    ],
    is: "gone",
    means: "it is not there any more; or EC2, which answers from many places, does not show it yet",
    cure: "wait: the next looks tell which",
  },
  {
    codes: ["InvalidSnapshot.InUse"],
    is: "in-use",
    means: "an image stands on the snapshot; right after that image went, it is still said for a while",
    cure: "wait; if it lasts, see which image it is",
  },
  {
    codes: [
      "IncorrectState",
      "InvalidState*",
      "IncorrectModificationState",
      "ConcurrentTagAccess",
      "*.NotFound",
      "InvalidID",
    ],
    is: "moment",
    means: "the image or snapshot is just being changed, or not shown yet",
    cure: NOTHING,
  },
  {
    codes: ["ResourceLimitExceeded", "*LimitExceeded", "*CountExceeded"],
    is: "limit",
    means: "a quota is used up: of public images when one is given back, of tags on one thing",
    cure: "make room, or have the quota raised in Service Quotas (public images: L-0E3CBAB9), then clean-amis retry",
  },
  {
    codes: ["InvalidAction", "UnsupportedOperation", "Unsupported", "UnsupportedException", "NoSuchVersion"],
    is: "not-offered",
    means: "the endpoint does not know this call",
    cure: "see that ec2.endpoint is EC2's own; else wait until the region offers the call, then clean-amis retry",
  },
  {
    codes: ["DryRunOperation"],
    is: "dry-run",
    means: "the call would have been allowed",
    cure: NOTHING,
  },
  {
    codes: [
      "InvalidParameter*",
      "MissingParameter",
      "UnknownParameter",
      "*.Malformed",
      "Malformed*",
      "MissingAction",
      "ValidationError",
      "InvalidInput",
      "InvalidQueryParameter",
      "InvalidPaginationToken",
      "UnsupportedProtocol",
    ],
    is: "request",
    means: "EC2 does not understand the call",
    cure: BUG,
  },
  {
    codes: ["(any other 4xx)"],
    is: "request",
    means: "EC2 refuses for a reason that this table does not know",
    cure: BUG,
  },
  { codes: ["(any other 5xx)"], is: "passing", means: "EC2 itself fails there", cure: NETWORK },
];
