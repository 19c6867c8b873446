"""The capture profiles that come with Playloom, a YAML file each."""
