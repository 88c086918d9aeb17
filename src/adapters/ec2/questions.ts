import type { DescribeImagesCommandInput } from "@aws-sdk/client-ec2";

/** DescribeImages takes at most 200 values in a filter (API_DescribeImages); pages are kept as large. */
export const BATCH = 200;

/** What a question tells of these ids, asked for as many at once as a filter takes. */
export async function allOf<T>(
  ids: readonly string[],
  ask: (ids: readonly string[]) => AsyncIterable<T>,
): Promise<T[]> {
  const found: T[] = [];
  for (let start = 0; start < ids.length; start += BATCH)
    for await (const each of ask(ids.slice(start, start + BATCH))) found.push(each);
  return found;
}

export function only(name: string, values: readonly string[]): Pick<DescribeImagesCommandInput, "Filters"> {
  return { Filters: [{ Name: name, Values: [...values] }] };
}
