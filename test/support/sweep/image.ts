export const AMI = "ami-0123456789abcdef0";
export const NAME = "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261120.0";

/** What was there before us, and has to be there again: the third snapshot was never public. */
const SHARES = ["999988887777"];
export const SNAPSHOTS = [1, 2, 3].map((number) => ({
  id: `snap-0123456789abcdef${number}`,
  isPublic: number < 3,
  userIds: SHARES,
}));
export const IMAGE = { id: AMI, name: NAME, isPublic: true, userIds: SHARES, snapshots: SNAPSHOTS };
