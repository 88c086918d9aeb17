/** The environment variables that count, with what they say. Those that hold secrets each have a `NAME_FILE` as well. */
export const ENVIRONMENT = {
  FEDORA_MESSAGING_CONF: "path of the configuration file, where --config is not given",
  AMQP_URL: "the broker, in place of amqp_url",
  REDIS_URL: "the schedule, in place of consumer_config.redis_url",
  REDIS_SENTINEL_USER: "the sentinels' user, in place of consumer_config.redis_sentinel.user",
  REDIS_SENTINEL_PASSWORD: "the sentinels' password, in place of consumer_config.redis_sentinel.password",
  PAGURE_ACCESS_TOKEN: "API token of the report's project in Pagure, with issue_create and issue_comment",
  FORGEJO_ACCESS_TOKEN: "API token in Forgejo, with read:user and write:issue",
  AWS_ACCESS_KEY_ID: "AWS's own name, and its chain of environment, profile and role where it is not set",
  AWS_SECRET_ACCESS_KEY: "AWS's own name",
  AWS_SESSION_TOKEN: "AWS's own name",
  AWS_PROFILE: "where it is set, everything about AWS is left to its chain",
  AWS_ACCESS_KEY: "the old script's name, where AWS's own is not set",
} as const;

/** Each of these may stand in a file, which `NAME_FILE` names. */
export const SECRETS = Object.keys(ENVIRONMENT).filter(
  (name) => !["FEDORA_MESSAGING_CONF", "AWS_PROFILE"].includes(name),
);
