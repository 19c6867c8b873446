"""Sessions and datasets on the Hugging Face Hub."""
