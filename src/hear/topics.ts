export const FACT_EVENTS = ["pungi.compose.status.change", "releng.atomic.twoweek.complete"];
/** What announces images, by category. */
export const UPLOAD_CATEGORIES = ["fedimg", "fedora_image_uploader"];

export const TOPIC = /^org\.fedoraproject\.(?<environment>[a-z]+)\.(?<event>.+)$/;
export const UPLOADER_AWS = "fedora_image_uploader.published.v1.aws";
