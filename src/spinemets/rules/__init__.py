"""Published rules, one file each: numbers in, categories out. Nothing here looks at an image."""
