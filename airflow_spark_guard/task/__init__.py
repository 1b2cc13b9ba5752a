"""What operators and sensors say to and about the task instance: verdict, retry, announcement."""
