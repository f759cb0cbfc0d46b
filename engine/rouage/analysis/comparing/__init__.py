"""Two versions of a recipe compared by what they mean, then told in sentences (authoring L8)."""
