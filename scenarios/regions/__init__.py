"""Region packs that come with the project, one a folder; `derive` makes the derived files again."""
